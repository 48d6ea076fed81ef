// The file that tfjs-node loads as its addon (tfjs_binding.node). It loads the real one (tfjs_addon.so,
// beside it) with stderr shut, then hands over to it.
//
// Why: TensorFlow 2.21 logs a line about oneDNN while its library is being loaded, before it reads
// TF_CPP_MIN_LOG_LEVEL, and Node has no dup2 with which JavaScript could keep that off the screen.
// With TF_CPP_MIN_LOG_LEVEL unset or 0 nothing is shut, for debugging.
#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace {

// Returns a copy of the descriptor of stderr, or -1 when nothing was shut.
int ShutStderr() {
  const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  if (level == nullptr || std::string(level) == "0") return -1;
  const int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved < 0) return -1;
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) {
    close(saved);
    return -1;
  }
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
  return saved;
}

void OpenStderr(int saved) {
  if (saved < 0) return;
  dup2(saved, STDERR_FILENO);
  close(saved);
}

std::string RealAddon() {
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&ShutStderr), &self) == 0) return "tfjs_addon.so";
  const std::string path(self.dli_fname);
  return path.substr(0, path.find_last_of('/') + 1) + "tfjs_addon.so";
}

}  // namespace

NAPI_MODULE_INIT() {
  const int saved = ShutStderr();
  void* addon = dlopen(RealAddon().c_str(), RTLD_LAZY | RTLD_LOCAL);
  OpenStderr(saved);
  void* start = addon == nullptr ? nullptr : dlsym(addon, "napi_register_module_v1");
  if (start == nullptr) {
    napi_throw_error(env, nullptr, dlerror());
    return nullptr;
  }
  return reinterpret_cast<napi_addon_register_func>(start)(env, exports);
}
