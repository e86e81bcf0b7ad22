package org.memarium.cpu.x87;

/**
 * What becomes of exceptions (Intel SDM vol. 1, 8.4 to 8.6): into the status word they go, and they
 * decide whether the instruction has a result.
 */
final class Outcome {
  private Outcome() {}

  /**
   * Takes over what the rounder raised.
   *
   * @return false if registers stay as they are: an unmasked exception was found before computing
   */
  static boolean accept(RegisterStack stack, Rounder rounder) {
    int raised = rounder.raised;
    int status = stack.status & ~StatusWord.C1;
    if (raised == 0) {
      stack.status = status;
      return true;
    }
    if ((raised & StatusWord.BEFORE_COMPUTING & ~stack.control) != 0) {
      stack.status = status | (raised & StatusWord.BEFORE_COMPUTING);
      return false;
    }
    stack.status = status | raised | (rounder.roundedUp ? StatusWord.C1 : 0);
    return true;
  }

  /**
   * The same for a store to memory, which an unmasked overflow or underflow also prevents.
   *
   * @return whether to store, and to pop
   */
  static boolean acceptStore(RegisterStack stack, Rounder rounder) {
    return accept(stack, rounder)
        && (rounder.raised & (StatusWord.OVERFLOW | StatusWord.UNDERFLOW) & ~stack.control) == 0;
  }

  /**
   * A register was read that is empty.
   *
   * @return whether that is masked: the default NaN is then the result
   */
  static boolean stackUnderflow(RegisterStack stack) {
    stack.status = (stack.status & ~StatusWord.C1) | StatusWord.INVALID | StatusWord.STACK_FAULT;
    return (stack.control & StatusWord.INVALID) != 0;
  }

  /**
   * A register was to be pushed on that is not empty.
   *
   * @return whether that is masked: the default NaN is then pushed
   */
  static boolean stackOverflow(RegisterStack stack) {
    stack.status |= StatusWord.C1 | StatusWord.INVALID | StatusWord.STACK_FAULT;
    return (stack.control & StatusWord.INVALID) != 0;
  }
}
