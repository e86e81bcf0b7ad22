package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** The stack: made by execve, grown by page faults (Linux {@code fs/exec.c}, {@code mm/vma.c}). */
public final class StackArea {
  /** By how much {@code setup_arg_pages} grows the stack at once. */
  private static final long FIRST_GROWTH_BYTES = 128 << 10;

  private final MmStruct mm;
  private final VmaTree tree;

  StackArea(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** {@code vma_is_initial_stack}: whether maps calls the area {@code [stack]}. */
  public boolean isStack(Vma area) {
    long start = mm.parts().startStack();
    return area.start <= start && area.end >= start;
  }

  /**
   * {@code bprm_mm_init}: the stack's area, one page below {@code stackTop}.
   *
   * @return 0 or -ENOMEM
   */
  public long create(long stackTop) {
    long start = stackTop - Ram.PAGE_SIZE;
    int flags =
        mm.heap.dataFlags() | VmFlags.GROWSDOWN | VmFlags.ACCOUNT | mm.pages.softDirtyFlag();
    if (!mm.memory().committedMemory().isEnoughFor(mm, 1)) {
      return -Errno.ENOMEM;
    }
    // Where it was made stays its number when execve moves it to its place.
    long pageOffset = (mm.layout().stackTopMax() - Ram.PAGE_SIZE) >>> Ram.PAGE_SHIFT;
    Vma stack = mm.areas.newArea(start, stackTop, flags, pageOffset);
    if (stack == null) {
      return -Errno.ENOMEM;
    }
    mm.memory().committedMemory().commit(1);
    mm.areas.adopt(stack);
    mm.accounting.add(flags, 1);
    return 0;
  }

  /**
   * {@code setup_arg_pages}, after the strings were written: sets the rights and grows the area by
   * 128 KiB or up to the stack limit.
   *
   * @param executable whether the stack may be executed (PT_GNU_STACK)
   * @return 0 or a negative errno
   */
  public long setUp(boolean executable) {
    Vma stack = tree.last();
    if (stack == null || (stack.flags & VmFlags.GROWSDOWN) == 0) {
      throw new IllegalStateException("the highest area is no stack: " + stack);
    }
    int flags = executable ? stack.flags | VmFlags.EXEC : stack.flags & ~VmFlags.EXEC;
    if (flags != stack.flags) {
      stack.flags = flags;
      mm.pages.protect(stack, stack.start, stack.end);
    }
    long limit = mm.limits().soft(RLimits.STACK) & -(long) Ram.PAGE_SIZE;
    long wanted = stack.end - stack.start + FIRST_GROWTH_BYTES;
    long size = Long.compareUnsigned(limit, wanted) < 0 ? limit : wanted;
    long start = stack.end - size;
    return start < stack.start && expand(stack, start) != 0 ? -Errno.EFAULT : 0;
  }

  /**
   * {@code expand_downwards}: grows an area down to the page of an address.
   *
   * @return 0; -EPERM too near to address 0; -ENOMEM if a limit forbids it, if another area would
   *     come nearer than the guard gap, or if there is no memory for its anon_vma
   */
  public long expand(Vma stack, long linearAddress) {
    return expand(stack, linearAddress, mm.limits());
  }

  /** The same for a task that is not the process's own: its limits count. */
  public long expand(Vma stack, long linearAddress, RLimits limits) {
    if ((stack.flags & VmFlags.GROWSDOWN) == 0) {
      return -Errno.EFAULT;
    }
    long start = linearAddress & -(long) Ram.PAGE_SIZE;
    if (start < mm.mmapMinAddress()) {
      return -Errno.EPERM;
    }
    Vma below = stack.previous;
    if (below != null
        && (below.flags & VmFlags.GROWSDOWN) == 0
        && below.isAccessible()
        && start - below.end < (long) Vma.STACK_GUARD_PAGES * Ram.PAGE_SIZE) {
      return -Errno.ENOMEM;
    }
    if (!mm.prepareAnonVma(stack)) {
      return -Errno.ENOMEM;
    }
    if (start >= stack.start) {
      return 0;
    }
    long growth = (stack.start - start) >>> Ram.PAGE_SHIFT;
    long size = stack.end - start;
    boolean accounted = (stack.flags & VmFlags.ACCOUNT) != 0;
    if ((below != null && start < below.end)
        || growth > stack.pageOffset
        || !mm.accounting.mayExpand(limits, stack.flags, growth)
        || Long.compareUnsigned(size, limits.soft(RLimits.STACK)) > 0
        || !mm.mlock.futureOk(stack.flags, growth)
        || (accounted && !mm.memory().committedMemory().isEnoughFor(mm, growth))) {
      return -Errno.ENOMEM;
    }
    if (accounted) {
      mm.memory().committedMemory().commit(growth);
    }
    mm.accounting.addLocked(stack.flags, growth);
    mm.accounting.add(stack.flags, growth);
    mm.areas.setBounds(stack, start, stack.end);
    return 0;
  }
}
