package org.memarium.kernel;

import java.util.List;
import java.util.SortedMap;
import org.memarium.hardware.TlbStatistics;

/**
 * What a run did, as plain numbers; every one comes from the counter that /proc reads.
 *
 * @param program the path that was executed
 * @param exitStatus as a shell sees it
 * @param instructions retired
 * @param systemCalls those that were made, by number
 * @param unsupported what the program asked for and did not get, one line each, in order of first
 *     appearance: unknown system calls, unknown operations of known ones
 * @param faults page faults by kind; kinds that did not occur are there with 0
 * @param minorFaults as {@code getrusage} counts them
 * @param majorFaults as {@code getrusage} counts them
 * @param peakRssPages the most pages that were resident at once
 * @param peakPageTablePages the most frames that page tables held at once
 * @param areas the address space as it was when the program ended, by address
 * @param tlb of the whole run
 * @param time where the time would go, in the order of {@link org.memarium.mm.trace.Cost}, then the
 *     waiting for devices; what took none is left out
 * @param freeAreaBefore the free lists before execve, a row a zone
 * @param freeAreaAfter the free lists after exit, a row a zone
 */
public record RunReport(
    String program,
    int exitStatus,
    long instructions,
    List<SystemCallCount> systemCalls,
    List<String> unsupported,
    SortedMap<String, Long> faults,
    long minorFaults,
    long majorFaults,
    long peakRssPages,
    long peakPageTablePages,
    List<Area> areas,
    TlbStatistics tlb,
    List<TimeShare> time,
    List<FreeArea> freeAreaBefore,
    List<FreeArea> freeAreaAfter) {
  /**
   * One system call.
   *
   * @param number in the i386 table
   * @param name as in Linux's table, or {@code syscall_0xNNN} where Linux has none
   * @param calls how often
   * @param errors how often with which error, by name
   */
  public record SystemCallCount(
      int number, String name, long calls, SortedMap<String, Long> errors) {}

  /**
   * What one kind of event would take, all together.
   *
   * @param what it is
   * @param count how many there were
   * @param picosEach what one takes; for waiting, which takes as long as it takes, 0
   * @param nanos what all took
   */
  public record TimeShare(String what, long count, long picosEach, long nanos) {}

  /**
   * One memory area.
   *
   * @param start first linear address
   * @param end address after the last
   * @param permissions as /proc prints them, such as {@code r-xp}
   * @param name as /proc prints it; empty for an anonymous one
   * @param rssPages resident pages
   */
  public record Area(long start, long end, String permissions, String name, long rssPages) {}

  /**
   * The free lists of one zone.
   *
   * @param zone its name
   * @param blocks free blocks of each order
   */
  public record FreeArea(String zone, List<Long> blocks) {}
}
