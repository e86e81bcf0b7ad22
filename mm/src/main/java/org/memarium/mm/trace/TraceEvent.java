package org.memarium.mm.trace;

import java.util.Locale;

/**
 * Something that happened, named after Linux's tracepoint where there is one. Each carries only
 * numbers and strings, so that it may be kept, compared and written out.
 *
 * <p>Frames are numbers ({@code pfn}, -1 for none), addresses are linear, results are an address or
 * 0, or a negative errno.
 */
public sealed interface TraceEvent {
  /** The tracepoint's name as Linux writes it: {@code mm_page_alloc} for {@link MmPageAlloc}. */
  default String name() {
    return getClass().getSimpleName().replaceAll("(?<=.)([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  // ---- Frames ----

  /** {@code 2^order} frames were handed out; {@code pfn} -1: there were none. */
  record MmPageAlloc(int pfn, int order, int gfpFlags) implements TraceEvent {}

  /** {@code 2^order} frames came back. */
  record MmPageFree(int pfn, int order) implements TraceEvent {}

  /**
   * An allocation took pages of another migrate type.
   *
   * @param pfn of the block that was taken
   * @param allocOrder what was asked for
   * @param fallbackOrder of the block
   */
  record MmPageAllocExtfrag(
      int pfn, int allocOrder, int fallbackOrder, int allocMigratetype, int fallbackMigratetype)
      implements TraceEvent {}

  /** "page allocation failure: order, mode": what Linux's {@code warn_alloc} prints. */
  record PageAllocationFailure(int order, int mode) implements TraceEvent {}

  // ---- Page tables and TLB ----

  /**
   * A page-table page was allocated.
   *
   * @param level 1 for one that holds PTEs, and up
   */
  record PageTableAlloc(int pfn, int level, long linearAddress) implements TraceEvent {}

  /** A page-table page was freed. */
  record PageTableFree(int pfn, int level, long linearAddress) implements TraceEvent {}

  /**
   * Translations were dropped.
   *
   * @param reason as Linux's {@code enum tlb_flush_reason} says it, such as "task switch"
   * @param pages how many, -1 for all
   */
  record TlbFlush(String reason, long pages) implements TraceEvent {}

  // ---- Faults ----

  /**
   * A page fault was handled.
   *
   * @param errorCode bits as in {@link org.memarium.hardware.PageFaultCode}
   * @param kind what it turned out to be, such as "zero", "anonymous", "file", "cow", "SIGSEGV"
   * @param pfn the frame that is mapped now, or -1
   */
  record PageFault(long address, int errorCode, String kind, int pfn) implements TraceEvent {}

  // ---- Address spaces ----

  /** {@code mmap} was asked for and answered. */
  record Mmap(long address, long length, int prot, int flags, String file, long offset, long result)
      implements TraceEvent {}

  /** {@code munmap} was asked for and answered. */
  record Munmap(long address, long length, long result) implements TraceEvent {}

  /** {@code mprotect} was asked for and answered. */
  record Mprotect(long address, long length, int prot, long result) implements TraceEvent {}

  /** {@code brk} was asked for and answered with the break. */
  record Brk(long address, long result) implements TraceEvent {}

  /** One area became two at {@code address}. */
  record VmaSplit(long start, long end, long address) implements TraceEvent {}

  /** Neighbours became one area. */
  record VmaMerge(long start, long end) implements TraceEvent {}

  // ---- Page cache ----

  /** A page of a file entered the page cache. */
  record MmFilemapAddToPageCache(int pfn, int mapping, long index) implements TraceEvent {}

  /** A page of a file left the page cache. */
  record MmFilemapDeleteFromPageCache(int pfn, int mapping, long index) implements TraceEvent {}

  // ---- Moving pages ----

  /**
   * Pages were moved to other frames.
   *
   * @param mode {@code ASYNC}, {@code SYNC_LIGHT} or {@code SYNC}
   * @param reason such as "compaction"
   */
  record MmMigratePages(int succeeded, int failed, String mode, String reason)
      implements TraceEvent {}

  /** Compaction of a zone begins; the scanners stand at these frames. */
  record MmCompactionBegin(String zone, int order, int migratePfn, int freePfn, boolean sync)
      implements TraceEvent {}

  /**
   * Compaction of a zone has ended.
   *
   * @param status as {@code enum compact_result} has it
   */
  record MmCompactionEnd(String zone, int order, int migratePfn, int freePfn, String status)
      implements TraceEvent {}

  // ---- Processes ----

  /** A task made another: a process, or a thread of its own process. */
  record SchedProcessFork(int parentPid, int childPid, String command) implements TraceEvent {}

  /** A program was loaded. */
  record SchedProcessExec(int pid, String filename) implements TraceEvent {}

  /** A thread ended; {@code status} as {@code wait} reports it. */
  record SchedProcessExit(int pid, String command, int status) implements TraceEvent {}

  /**
   * The processor goes from one task to another.
   *
   * @param previousPid 0 if the task before has ended
   */
  record SchedSwitch(int previousPid, int nextPid) implements TraceEvent {}

  /**
   * A signal was sent.
   *
   * @param code {@code si_code}
   * @param pid of the thread or the process that it is for
   * @param target {@code thread} or {@code process}
   */
  record SignalGenerate(int signal, int code, int pid, String target) implements TraceEvent {}

  /** A thread took a signal, for its handler or for what happens without one. */
  record SignalDeliver(int signal, int code, int pid) implements TraceEvent {}

  /**
   * A system call begins.
   *
   * @param number in the i386 table
   * @param call its name
   * @param ebx the first argument, and the others behind it, as the registers hold them
   */
  record SysEnter(
      int pid, int number, String call, int ebx, int ecx, int edx, int esi, int edi, int ebp)
      implements TraceEvent {}

  /** A system call is over; calls that end the task have no such event. */
  record SysExit(int pid, int number, String call, int result) implements TraceEvent {}
}
