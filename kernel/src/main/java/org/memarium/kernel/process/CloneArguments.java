package org.memarium.kernel.process;

/**
 * {@code struct kernel_clone_args}: what fork, vfork, clone and clone3 come down to. Addresses are
 * linear, 0 for none.
 *
 * @param flags bits of {@link CloneFlags}, without the signal
 * @param pidfd where the parent finds the pidfd
 * @param childTid where the child's number is written in its own memory, and 0 when it ends
 * @param parentTid where the child's number is written in the parent's memory
 * @param exitSignal what the parent is sent when the child has ended; 0 for nothing
 * @param stack the child's stack pointer; 0: the parent's
 * @param tls a {@code struct user_desc}
 * @param tid the number that the child must have; 0: any
 */
public record CloneArguments(
    long flags,
    long pidfd,
    long childTid,
    long parentTid,
    int exitSignal,
    long stack,
    long tls,
    int tid) {
  /** Whether all of these flags are set. */
  public boolean has(long wanted) {
    return (flags & wanted) == wanted;
  }
}
