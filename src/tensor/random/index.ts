/** Random numbers equal to PyTorch's on the CPU: a seed means the same here and there. Needs no TensorFlow. */
export { exponential, rand, randint, randn, randperm } from './distributions.ts';
export { TorchGenerator } from './generator.ts';
export { multinomial } from './multinomial.ts';
