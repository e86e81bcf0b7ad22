package org.memarium.oracle;

import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED_NOREPLACE;
import static org.memarium.mm.space.MmapFlags.MAP_HUGETLB;
import static org.memarium.mm.space.MmapFlags.MAP_LOCKED;
import static org.memarium.mm.space.MmapFlags.MAP_POPULATE;
import static org.memarium.mm.space.MmapFlags.MREMAP_FIXED;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * What may not be tried: what would take the agent's own memory away, or fill the host's.
 *
 * <p>It asks our side, before the step, so that both sides leave out the same.
 */
final class Guard {
  /** How many pages one call may bring in. */
  private static final long MAX_POPULATE_BYTES = 2L << 20;

  /** How much a process may have before nothing is brought in any more. */
  private static final long MAX_RESIDENT_PAGES = (48L << 20) >> Ram.PAGE_SHIFT;

  private static final int MAX_IOVECS = 4;
  private static final int MADV_PAGEOUT = 21;
  private static final int MADV_POPULATE_READ = 22;
  private static final int MADV_POPULATE_WRITE = 23;
  private static final int MCL_FUTURE = 2;
  private static final int WNOHANG = 1;
  private static final int MAX_FILE_BYTES = 4 << 20;
  private static final int MMAP_ARGUMENTS = 6;

  /** After so many segments a place is used again, here earlier than there. */
  private static final int IPC_MIN_CYCLE = 60;

  private static final long END_OF_MEMORY = 1L << 32;
  private static final int SHM_REMAP = 0x4000;

  /** The largest page: so much may be mapped where less was asked for. */
  private static final long HUGE_BYTES = 1L << 30;

  private final OurSide ours;
  private final Pointers pointers;

  /** Whether a process may have asked for new areas to be locked. */
  private final boolean[] lockedFuture = new boolean[Mailbox.SLOTS];

  /** Asks that side, which has one process. */
  Guard(OurSide ours) {
    this.ours = ours;
    pointers = new Pointers(ours);
  }

  /** Whether an area is the agent's own: nothing there is compared. */
  boolean isProtected(long start, long bytes) {
    return touchesAgent(start, bytes)
        || overlaps(start, bytes, AgentProgram.SCRATCH, AgentProgram.END);
  }

  /** Whether bytes are there that the agent works with. */
  static boolean touchesAgent(long start, long bytes) {
    return overlaps(start, bytes, AgentProgram.MAILBOX, AgentProgram.MAILBOX + (long) Mailbox.BYTES)
        || overlaps(start, bytes, AgentProgram.TEXT, AgentProgram.SCRATCH);
  }

  private static boolean overlaps(long start, long bytes, long from, long to) {
    return start < to && start + Math.max(bytes, 1) > from;
  }

  /** Whether a step may be done now. */
  boolean allows(Step step) {
    int slot = step.process();
    if (!ours.isAlive(slot) || namesZombie(step)) {
      return false;
    }
    long at = step.unsigned(0);
    long bytes = step.unsigned(1);
    return switch (step.call()) {
      case MMAP2 -> mayMap(slot, step.arguments());
      case MMAP -> mayMapOfOld(slot, at);
      case MUNMAP, MSEAL -> !isProtected(at & -4096, bytes + 4096);
      case MPROTECT ->
          !isProtected(at & -4096, bytes + 4096)
              && (!hasLocked(slot, at, bytes) || mayPopulate(slot, at, bytes));
      case REMAP_FILE_PAGES ->
          !isProtected(at & -4096, bytes + 4096) && mayPopulate(slot, at, bytes);
      case MREMAP -> mayRemap(step, slot, at, bytes);
      case BRK ->
          !lockedFuture[slot] || at < ours.mm(slot).heap().currentBrk() + MAX_POPULATE_BYTES;
      case MADVISE ->
          !isProtected(at & -4096, bytes + 4096)
              && ((step.argument(2) != MADV_POPULATE_READ
                      && step.argument(2) != MADV_POPULATE_WRITE)
                  || mayPopulate(slot, at, bytes))
              && (step.argument(2) != MADV_PAGEOUT || !hasForgottenLocks(slot, at, bytes));
      case MLOCK, MLOCK2 -> mayPopulate(slot, at, bytes);
      case MLOCKALL -> {
        boolean allowed = mayPopulate(slot, 0, 1L << 32);
        lockedFuture[slot] |= allowed && (step.argument(0) & MCL_FUTURE) != 0;
        yield allowed;
      }
      case MINCORE -> !touchesAgent(step.unsigned(2), bytes / 4096);
      case FALLOCATE ->
          step.argument(5) == 0
              && step.argument(3) == 0
              && step.argument(2) + step.unsigned(4) <= MAX_FILE_BYTES;
      case PREAD64 ->
          isDiscarded(step.unsigned(1), step.unsigned(2))
              || (!ours.isPageMap(slot, step.argument(0))
                  && !touchesAgent(step.unsigned(1), step.unsigned(2))
                  && !touchesAgent(step.unsigned(3), step.unsigned(2)));
      case PWRITE64 ->
          step.unsigned(2) <= MAX_FILE_BYTES
              && !writesToZombie(step)
              && !touchesAgent(step.unsigned(1), step.unsigned(2))
              && !touchesAgent(step.unsigned(3), step.unsigned(2));
      case SHMAT ->
          step.argument(1) == 0
              || !isProtected(
                  step.unsigned(1) & -4096,
                  // What is rounded down to address 0 replaces what is there, as SHM_REMAP does.
                  (step.argument(2) & SHM_REMAP) != 0 || (step.unsigned(1) & -4096) == 0
                      ? HUGE_BYTES
                      : 1 << 20);
      case PROCESS_VM_READV, PROCESS_VM_WRITEV ->
          iovecsAllowed(slot, step.argument(1), step.argument(2))
              && iovecsAllowed(slot, step.argument(3), step.argument(4));
      case PROCESS_MADVISE ->
          mayAdvise(step, slot)
              && (step.argument(3) != MADV_PAGEOUT
                  || !haveForgottenLocks(slot, step.argument(1), step.argument(2)));
      case PRLIMIT64, SETRLIMIT, GETRLIMIT, UGETRLIMIT, GETRUSAGE -> pointers.allowLimits(step);
      case SHMCTL_AT -> ours.numbers().segments().size() < IPC_MIN_CYCLE && pointers.allow(step);
      case SHMCTL, MODIFY_LDT, SET_THREAD_AREA, GET_THREAD_AREA, MEMFD_CREATE ->
          pointers.allow(step);
      case PROC_OPEN, PROC_READ -> isSlotAlive(step.argument(0));
      case FORK -> !ours.isAlive(step.argument(0)) && step.argument(0) < Mailbox.SLOTS;
      case WAIT4 -> step.argument(2) == WNOHANG && !touchesAgent(step.unsigned(1), 4);
      // Around the end of the address space a processor answers, not a kernel.
      case READ_INT -> Report.isComparable(at) || (!touchesAgent(at, 4) && at + 4 <= END_OF_MEMORY);
      case READ_BYTE, WRITE_BYTE, WRITE_INT -> !touchesAgent(at, 4) && at + 4 <= END_OF_MEMORY;
      default -> true;
    };
  }

  /**
   * Whether a step is about a process that has ended without a parent that waited for it
   * (oracle-init): it is there until the host's init looks.
   */
  private boolean namesZombie(Step step) {
    for (int i = 0; i < step.arguments().length; i++) {
      int slot = step.argument(i);
      if (step.call() != MemoryCall.WAIT4
          && step.call().arguments().get(i) == ArgumentKind.PID
          && slot >= 0
          && slot < Mailbox.SLOTS
          && isZombie(slot)) {
        return true;
      }
    }
    return false;
  }

  /** The same of a write to clear_refs, which may be of any process that was. */
  private boolean writesToZombie(Step step) {
    if (!ours.isClearRefs(step.process(), step.argument(0))) {
      return false;
    }
    for (int slot = 0; slot < Mailbox.SLOTS; slot++) {
      if (isZombie(slot)) {
        return true;
      }
    }
    return false;
  }

  private boolean isZombie(int slot) {
    return ours.numbers().pid(slot) != 0 && !ours.isAlive(slot) && !ours.numbers().isReaped(slot);
  }

  private boolean mayMap(int slot, int[] arguments) {
    long at = Integer.toUnsignedLong(arguments[0]);
    long bytes = Integer.toUnsignedLong(arguments[1]);
    int flags = arguments[3];
    boolean populates = (flags & (MAP_LOCKED | MAP_POPULATE)) != 0 || lockedFuture[slot];
    boolean huge = (flags & MAP_HUGETLB) != 0 || ours.hasHugeFile(slot, arguments[4]);
    long most = huge ? (bytes + HUGE_BYTES - 1) & -HUGE_BYTES : bytes + 4096;
    return (!populates || (bytes <= MAX_POPULATE_BYTES && hasRoom(slot)))
        && ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == 0 || !isProtected(at & -4096, most));
  }

  private boolean mayMapOfOld(int slot, long at) {
    if (touchesAgent(at, 4L * MMAP_ARGUMENTS)) {
      return false;
    }
    if (!pointers.isKnown(slot, at, 4L * MMAP_ARGUMENTS)) {
      return pointers.isUnreadable(slot, at, 4L * MMAP_ARGUMENTS);
    }
    int[] arguments = new int[MMAP_ARGUMENTS];
    for (int i = 0; i < MMAP_ARGUMENTS; i++) {
      arguments[i] = ours.peek(slot, at + 4L * i);
    }
    return mayMap(slot, arguments);
  }

  private boolean mayRemap(Step step, int slot, long at, long bytes) {
    long newBytes = step.unsigned(2);
    Vma area = ours.mm(slot).findVma(at);
    if (area != null && area.has(VmFlags.HUGETLB)) {
      newBytes = (newBytes + HUGE_BYTES - 1) & -HUGE_BYTES;
    }
    boolean fixed = (step.argument(3) & MREMAP_FIXED) != 0;
    return !isProtected(at & -4096, bytes + 4096)
        && (!fixed || !isProtected(step.unsigned(4) & -4096, newBytes + 4096))
        && (newBytes <= MAX_POPULATE_BYTES || newBytes <= bytes || !isLocked(slot, at));
  }

  /** Whether an area there is locked: the right to write brings all of it in. */
  private boolean hasLocked(int slot, long at, long bytes) {
    for (@Nullable Vma area = ours.mm(slot).findVma(at); area != null; area = area.next()) {
      if (area.start() >= at + bytes) {
        return false;
      }
      if (area.has(VmFlags.LOCKED)) {
        return true;
      }
    }
    return false;
  }

  private boolean isLocked(int slot, long at) {
    Vma area = ours.mm(slot).findVma(at);
    return lockedFuture[slot] || (area != null && area.has(VmFlags.LOCKED));
  }

  /**
   * Whether pages count as locked that no area locks any more: an area that MREMAP_DONTUNMAP left
   * behind and that was locked anew has locked what stayed there twice. How many of them Linux
   * counted once only, and so unlocked, depends on how full the batches of the processor were.
   */
  private boolean hasForgottenLocks(int slot, long at, long bytes) {
    MmStruct mm = ours.mm(slot);
    MemMap memMap = ours.machine().memory().allocator().memMap();
    PteCursor cursor = mm.pages().tables().cursor();
    cursor.reset(at & -4096, Math.min((at + bytes + 4095) & -4096, mm.layout().taskSize()));
    while (cursor.next()) {
      long pte = cursor.pte();
      if (Pte.isPresent(pte) && memMap.testFlags(Pte.pfn(pte), PageFlags.MLOCKED)) {
        Vma area = mm.findVma(cursor.linearAddress());
        if (area != null && !area.has(VmFlags.LOCKED)) {
          return true;
        }
      }
    }
    return false;
  }

  /** The same of ranges that vectors in the scratch memory name, of whichever process. */
  private boolean haveForgottenLocks(int slot, int address, int count) {
    long iovecs = Integer.toUnsignedLong(address);
    for (int i = 0; i < count; i++) {
      long base = Integer.toUnsignedLong(ours.peek(slot, iovecs + 8L * i));
      long bytes = Integer.toUnsignedLong(ours.peek(slot, iovecs + 8L * i + 4));
      for (int target = 0; target < Mailbox.SLOTS; target++) {
        if (ours.isAlive(target) && hasForgottenLocks(target, base, bytes)) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean isSlotAlive(int slot) {
    return slot < 0 || slot >= Mailbox.SLOTS || ours.isAlive(slot);
  }

  private static boolean isDiscarded(long at, long bytes) {
    return at >= AgentProgram.DISCARDED
        && at + bytes <= AgentProgram.DISCARDED + AgentProgram.DISCARDED_BYTES;
  }

  /** Advice about several ranges, of this process or of another that has the same areas. */
  private boolean mayAdvise(Step step, int slot) {
    int address = step.argument(1);
    int count = step.argument(2);
    if (!iovecsAllowed(slot, address, count)) {
      return false;
    }
    int advice = step.argument(3);
    boolean populates = advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;
    for (int i = 0; i < count; i++) {
      long at = Integer.toUnsignedLong(address) + 8L * i;
      long base = Integer.toUnsignedLong(ours.peek(slot, at));
      long bytes = Integer.toUnsignedLong(ours.peek(slot, at + 4));
      if (isProtected(base & -4096, bytes + 4096)
          || (populates && !mayPopulate(slot, base, bytes))) {
        return false;
      }
    }
    return true;
  }

  private boolean hasRoom(int slot) {
    return ours.mm(slot).rss().total() < MAX_RESIDENT_PAGES;
  }

  /** Whether what is mapped there is not too much. */
  private boolean mayPopulate(int slot, long at, long bytes) {
    MmStruct mm = ours.mm(slot);
    long sum = 0;
    for (@Nullable Vma area = mm.findVma(at); area != null; area = area.next()) {
      if (area.start() >= at + bytes) {
        break;
      }
      sum += Math.min(area.end(), at + bytes) - Math.max(area.start(), at);
    }
    return sum <= MAX_POPULATE_BYTES && hasRoom(slot);
  }

  /** Whether what vectors in the scratch memory name is not the agent's. */
  private boolean iovecsAllowed(int slot, int address, int count) {
    long at = Integer.toUnsignedLong(address);
    if (at < AgentProgram.SCRATCH || at + 8L * MAX_IOVECS > AgentProgram.END) {
      return false;
    }
    for (int i = 0; i < Math.min(count, MAX_IOVECS); i++) {
      long base = Integer.toUnsignedLong(ours.peek(slot, at + 8L * i));
      long bytes = Integer.toUnsignedLong(ours.peek(slot, at + 8L * i + 4));
      if (touchesAgent(base & -4096, bytes + 4096)) {
        return false;
      }
    }
    return count <= MAX_IOVECS;
  }
}
