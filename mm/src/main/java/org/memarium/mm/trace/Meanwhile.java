package org.memarium.mm.trace;

/** What the processor does while a task waits for a device. */
@FunctionalInterface
public interface Meanwhile {
  /**
   * Lets others work, and time pass where nobody has anything to do ({@link VirtualTime#pass}),
   * until a moment that is still to come; the clock may be a little beyond it afterwards.
   *
   * @param nanos since boot
   * @param what the task waits for
   */
  void runUntil(long nanos, IoWait what);
}
