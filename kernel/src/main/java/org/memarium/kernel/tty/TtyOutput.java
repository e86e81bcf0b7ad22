package org.memarium.kernel.tty;

/** What is behind a terminal: a screen, or the master of a pseudo-terminal. */
interface TtyOutput {
  /** How many bytes it takes now. */
  int room();

  /** Takes bytes, at most as many as there is room for. */
  void put(byte[] bytes, int offset, int count);
}
