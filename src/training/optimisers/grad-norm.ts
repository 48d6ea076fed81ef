import type { Eager } from '../../tensor/ops/eager.ts';
import type { Parameter } from '../../tensor/ops/tape.ts';

/** L2 norm of all gradients together. */
export function gradNorm(e: Eager, parameters: readonly Parameter[]): number {
  return e.scope(() => {
    const halves = parameters.flatMap(({ grad }) => (grad ? [e.unary('L2Loss', grad)] : []));
    return Math.sqrt(2 * e.read(e.sum(e.stack(halves), [0]))[0]!);
  });
}
