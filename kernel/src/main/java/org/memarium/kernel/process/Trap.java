package org.memarium.kernel.process;

/**
 * The last exception of a task, for the fields of a signal's frame that tell it ({@code
 * thread_struct}: trap_nr, error_code, cr2).
 *
 * @param vector its number
 * @param errorCode what the processor pushed with it
 * @param cr2 the linear address of the last page fault
 */
public record Trap(int vector, int errorCode, long cr2) {
  /** There was none. */
  public static final Trap NONE = new Trap(0, 0, 0);
}
