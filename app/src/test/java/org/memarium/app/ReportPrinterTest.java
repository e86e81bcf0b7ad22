package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.TlbStatistics;
import org.memarium.kernel.RunReport;

class ReportPrinterTest {
  @Test
  void theReportIsForReading() {
    RunReport report =
        new RunReport(
            "/bin/busybox",
            139,
            1_234_567,
            List.of(
                new RunReport.SystemCallCount(45, "brk", 4, new TreeMap<>()),
                new RunReport.SystemCallCount(4, "write", 1031, new TreeMap<>(Map.of("EPIPE", 1L))),
                new RunReport.SystemCallCount(386, "rseq", 1, new TreeMap<>(Map.of("ENOSYS", 1L)))),
            List.of("rseq (386): 1 call"),
            new TreeMap<>(Map.of("anonymous", 12L, "copy-on-write", 0L, "file", 1050L)),
            1062,
            0,
            369,
            1,
            List.of(
                new RunReport.Area(0x08048000L, 0x08049000L, "r--p", "/bin/busybox", 1),
                new RunReport.Area(0xbffdf000L, 0xc0000000L, "rw-p", "[stack]", 2)),
            new TlbStatistics(998, 1, 0, 1, 2, 1, 3, 4, 5),
            List.of(
                new RunReport.TimeShare("instruction", 1_234_567, 350, 432_098),
                new RunReport.TimeShare("minor-fault", 1062, 420_000, 446_040),
                new RunReport.TimeShare("swap read wait", 2, 0, 171_000)),
            List.of(
                new RunReport.FreeArea("DMA", List.of(0L, 1L)),
                new RunReport.FreeArea("Normal", List.of(3L, 20L))),
            List.of(
                new RunReport.FreeArea("DMA", List.of(0L, 1L)),
                new RunReport.FreeArea("Normal", List.of(1L, 21L))));
    StringWriter text = new StringWriter();
    new ReportPrinter(new PrintWriter(text)).print(report, null);
    assertEquals(
        """

        -- memarium: /bin/busybox --------------------------------------------------------------------------
        exit status   139
        instructions  1,234,567
        system calls  1,036
                      write 1,031 (EPIPE 1), brk 4, rseq 1 (ENOSYS 1)
        page faults   1,062 minor, 0 major
                      anonymous 12, file 1,050
        memory        1,476 KiB (369 pages) resident at the most, and 4 KiB (1 page) of page tables
        TLB           99.800 % of the accesses hit; 2 page walks
                      flushes: 3 by CR3, 4 of all, 5 of one page

        where time would go               count     each, ns     together, us   share
          instruction                 1,234,567         0.35            432.1  41.2 %
          minor-fault                     1,062       420.00            446.0  42.5 %
          swap read wait                      2    85,500.00            171.0  16.3 %
          all                                                         1,049.1

        areas at the end                   size     resident
          08048000-08049000 r--p          4 KiB        4 KiB  /bin/busybox
          bffdf000-c0000000 rw-p        132 KiB        8 KiB  [stack]

        free_area, by order        0     1
          DMA       before         0     1
          DMA       after          0     1
          Normal    before         3    20
          Normal    after          1    21

        asked for in vain
          rseq (386): 1 call
        """,
        text.toString());
  }
}
