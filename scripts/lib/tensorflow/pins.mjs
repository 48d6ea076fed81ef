/** Version of TensorFlow that is preferred: the newest whose C interface tfjs-node 4.22 builds against. */
const tensorflowVersion = '2.21.0';

/**
 * PyPI's wheels that carry libtensorflow, by platform and processor, pinned by hash. The linux-x64 one is
 * used daily; of the linux-arm64 one the hash and the contents were checked, but it has not been run.
 * macOS and Windows wheels are left out: their libraries have other names and no one has built against them.
 *
 * `libraries` are the names inside the wheel; sizes are bytes.
 */
export const wheels = {
  'linux-x64': {
    requirement: `tensorflow-cpu==${tensorflowVersion}`,
    file: `tensorflow_cpu-${tensorflowVersion}-cp311-cp311-manylinux_2_27_x86_64.whl`,
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    size: 273_829_956,
    target: target('manylinux_2_27_x86_64'),
    libraries: { 'libtensorflow_cc.so.2': 788_086_608, 'libtensorflow_framework.so.2': 65_222_328 },
    glibc: '2.27',
  },
  'linux-arm64': {
    requirement: `tensorflow==${tensorflowVersion}`,
    file: `tensorflow-${tensorflowVersion}-cp311-cp311-manylinux_2_27_aarch64.whl`,
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    size: 281_828_020,
    target: target('manylinux_2_27_aarch64'),
    libraries: { 'libtensorflow_cc.so.2': 814_885_544, 'libtensorflow_framework.so.2': 68_176_664 },
    glibc: '2.27',
  },
};

/** The headers that the addon's sources include, directly or not. */
export const headerFolders = [
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tsl/platform/ctstring',
  'tensorflow/include/xla/tsl/c/',
];

function target(platform) {
  return ['--platform', platform, '--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'];
}
