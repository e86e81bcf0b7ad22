package org.memarium.kernel.wait;

/**
 * A system call that waits for something: what is left of it to do, and how far it has come.
 * Between its steps other tasks run.
 *
 * <p>Whoever makes the call registers its task with what can wake it (queues, a moment) and goes to
 * sleep in this object. Each time the task is woken, {@link #tryAgain} takes the next step; the
 * task's own memory and files are there then, as in any call.
 */
public interface SleepingCall {
  /** What {@link #tryAgain} answers if the task must sleep on. */
  long ASLEEP = Long.MIN_VALUE + 1;

  /**
   * What a step answers that was long enough: there is more to do at once, but others have their
   * turn first, and signals are looked at ({@code cond_resched}).
   */
  long GOES_ON = Long.MIN_VALUE + 2;

  /** A wake-up came, or the moment: the call's result, {@link #ASLEEP}, or {@link #GOES_ON}. */
  long tryAgain();

  /**
   * A signal is to be delivered, and the call cannot be completed: its result. One of Linux's
   * restart codes makes the call again where the signal allows it.
   *
   * @see Restart
   */
  default long interrupted() {
    return -Restart.SYS;
  }

  /** Whether only a signal that kills ends the sleep early: {@code TASK_KILLABLE}. */
  default boolean isKillable() {
    return false;
  }

  /**
   * Whether somebody outside of the machine may end the sleep: by a signal, or by what is typed.
   * Where nothing in the machine can run any more, and nobody waits for the outside, all is lost: a
   * deadlock.
   */
  default boolean waitsForOutside() {
    return false;
  }

  /** Called once when the call has its result, whatever that is: what it holds goes. */
  default void ended() {}

  /** What it waits for, such as {@code read of fd 3 (pipe:[7])}: for people. */
  String what();
}
