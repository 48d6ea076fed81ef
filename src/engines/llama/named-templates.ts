/** Chat templates by name, for files that carry none or a broken one. Formats: their makers' model cards. */
const turns = (body: string, end: string): string =>
  `{{ bos_token }}{% for message in messages %}${body}{% endfor %}{% if add_generation_prompt %}${end}{% endif %}`;

export const namedTemplates: Readonly<Record<string, string>> = {
  chatml: turns(
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}",
    "{{ '<|im_start|>assistant\\n' }}",
  ).replace('{{ bos_token }}', ''),
  llama2:
    "{% if messages[0]['role'] == 'system' %}{% set system = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' %}{% set rest = messages[1:] %}{% else %}{% set system = '' %}{% set rest = messages %}{% endif %}" +
    "{% for message in rest %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + (system if loop.first else '') + message['content'] + ' [/INST]' }}{% else %}{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}{% endfor %}",
  llama3: turns(
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] + '<|eot_id|>' }}",
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}",
  ),
  gemma: turns(
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else 'user') + '\\n' + message['content'] + '<end_of_turn>\\n' }}",
    "{{ '<start_of_turn>model\\n' }}",
  ),
  alpaca: turns(
    "{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}{% elif message['role'] == 'user' %}{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}{% else %}{{ '### Response:\\n' + message['content'] + eos_token + '\\n\\n' }}{% endif %}",
    "{{ '### Response:\\n' }}",
  ),
};
