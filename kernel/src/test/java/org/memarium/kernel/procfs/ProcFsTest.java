package org.memarium.kernel.procfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.vfs.HostNames;
import org.memarium.kernel.vfs.Kstat;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.space.MmapFlags;

/** What /proc prints, beside the lines that a 32-bit Linux 6.1 printed. */
class ProcFsTest {

  private static final int RW = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;
  private static final int ANONYMOUS = MmapFlags.MAP_PRIVATE | MmapFlags.MAP_ANONYMOUS;

  @TempDir Path folder;
  private TestSystem system;

  @BeforeEach
  void boot() throws IOException {
    Files.write(folder.resolve("program"), new byte[0x3000]);
    Files.setAttribute(folder.resolve("program"), "unix:mode", 0755);
    system = new TestSystem(folder);
  }

  @AfterEach
  void halt() {
    system.close();
  }

  private void mapProgram() {
    int fd = (int) system.calls.openat(-100, "/program", 0, 0);
    OpenFile file = system.files().get(fd);
    assertNotNull(file);
    int fixed = MmapFlags.MAP_PRIVATE | MmapFlags.MAP_FIXED;
    int exec = MmapFlags.PROT_READ | MmapFlags.PROT_EXEC;
    assertEquals(0x8048000, system.mm.mmap(0x8048000, 0x2000, exec, fixed, file, 1));
    system.executable = file.dentry();
    system.calls.close(fd);
    system.mm.parts().setCodeAndData(0x8048000, 0x8049d88, 0x804a000, 0x804b000);
    system.mm.heap().setBrk(0x804c000, 0x804c000);
    assertEquals(0x804e000, system.mm.brk(0x804e000));
    assertEquals(0, system.mm.stack().create(0xc0000000L));
    system.mm.parts().setArguments(0xbffff000L, 0xbffff800L, 0xbffff810L, 0xbffff810L, 0xbffff900L);
  }

  private String device() throws IOException {
    long dev = (Long) Files.getAttribute(folder, "unix:dev", LinkOption.NOFOLLOW_LINKS);
    long ino = (Long) Files.getAttribute(folder.resolve("program"), "unix:ino");
    return "%02x:%02x %d ".formatted(dev >> 8 & 0xfff, (dev & 0xff) | (dev >> 12 & 0xfff00), ino);
  }

  @Test
  void mapsHaveTheColumnsOfA32BitKernel() throws IOException {
    mapProgram();
    long anonymous = system.mm.mmap(0, 0x2000, RW, ANONYMOUS, null, 0);
    String program = "08048000-0804a000 r-xp 00001000 " + device();
    assertEquals(
        List.of(
            "%-49s/program".formatted(program),
            "0804c000-0804e000 rw-p 00000000 00:00 0          [heap]",
            "%08x-%08x rw-p 00000000 00:00 0 ".formatted(anonymous, anonymous + 0x2000),
            "bffff000-c0000000 rw-p 00000000 00:00 0          [stack]"),
        system.read("/proc/self/maps").lines().toList());
    assertEquals(
        "%-73s/program".formatted(program), Maps.of(system.mm, 8).lines().findFirst().orElse(""));
  }

  @Test
  void mapsNameARemovedFileAndSharedMemory() {
    mapProgram();
    int shared = MmapFlags.MAP_SHARED | MmapFlags.MAP_ANONYMOUS;
    assertTrue(system.mm.mmap(0, 0x1000, RW, shared, null, 0) > 0);
    assertEquals(0, system.calls.unlinkat(-100, "/program", 0));
    String maps = system.read("/proc/self/maps");
    assertTrue(maps.contains("/program (deleted)\n"), maps);
    assertTrue(maps.contains("rw-s 00000000 00:01 "), maps);
    assertTrue(maps.contains("/dev/zero (deleted)\n"), maps);
  }

  @Test
  void statusHasTheLinesOfLinux() {
    mapProgram();
    List<String> expected =
        Arrays.asList(
            ("Name Umask State Tgid Ngid Pid PPid TracerPid Uid Gid FDSize Groups NStgid NSpid"
                    + " NSpgid NSsid VmPeak VmSize VmLck VmPin VmHWM VmRSS RssAnon RssFile RssShmem"
                    + " VmData VmStk VmExe VmLib VmPTE VmSwap HugetlbPages CoreDumping THP_enabled"
                    + " Threads SigQ SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff CapBnd"
                    + " CapAmb NoNewPrivs Seccomp Seccomp_filters Speculation_Store_Bypass"
                    + " SpeculationIndirectBranch Cpus_allowed Cpus_allowed_list Mems_allowed"
                    + " Mems_allowed_list voluntary_ctxt_switches nonvoluntary_ctxt_switches")
                .split(" "));
    String status = system.read("/proc/self/status");
    assertEquals(expected, status.lines().map(line -> line.split(":", 2)[0]).toList());
    List<String> lines = status.lines().toList();
    assertEquals("Umask:\t0022", lines.get(1));
    assertEquals("State:\tR (running)", lines.get(2));
    assertEquals("Uid:\t0\t0\t0\t0", lines.get(8));
    assertEquals("FDSize:\t32", lines.get(10));
    assertEquals("Groups:\t ", lines.get(11));
    assertEquals("VmSize:\t      20 kB", lines.get(17));
    assertEquals("VmExe:\t       8 kB", lines.get(27));
    assertEquals("SigCgt:\t0000000000004000", lines.get(40));
  }

  @Test
  void statHas52Fields() {
    mapProgram();
    String stat = system.read("/proc/self/stat");
    String[] fields = stat.strip().split(" ", -1);
    assertEquals(52, fields.length);
    assertEquals("91 (busybox) R 1 90 89 0 -1 0 33 0 0 0 1 0", stat.substring(0, 42));
    assertEquals("20480", fields[22]);
    assertEquals(Integer.toString(0x8048000), fields[25]);
    assertEquals("17", fields[37]);
    assertEquals(Long.toString(0xbffff800L), fields[47]);
  }

  @Test
  void statmCountsPages() {
    mapProgram();
    assertEquals("5 0 0 2 0 3 0\n", system.read("/proc/self/statm"));
  }

  @Test
  void limitsHaveTheColumnsOfLinux() {
    List<String> lines = system.read("/proc/self/limits").lines().toList();
    assertEquals(
        List.of(
            "Limit                     Soft Limit           Hard Limit           Units     ",
            "Max cpu time              unlimited            unlimited            seconds   ",
            "Max stack size            8388608              unlimited            bytes     ",
            "Max processes             875                  875                  processes ",
            "Max nice priority         0                    0                    ",
            "Max realtime timeout      unlimited            unlimited            us        "),
        List.of(
            lines.get(0), lines.get(1), lines.get(4), lines.get(7), lines.get(14), lines.get(16)));
  }

  @Test
  void meminfoHasTheLinesOfA32BitKernel() {
    String expected =
        "MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon)"
            + " Inactive(anon) Active(file) Inactive(file) Unevictable Mlocked HighTotal HighFree"
            + " LowTotal LowFree SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped"
            + " Shmem KReclaimable Slab SReclaimable SUnreclaim KernelStack PageTables"
            + " SecPageTables NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS"
            + " VmallocTotal VmallocUsed VmallocChunk Percpu HardwareCorrupted AnonHugePages"
            + " ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped HugePages_Total"
            + " HugePages_Free HugePages_Rsvd HugePages_Surp Hugepagesize Hugetlb DirectMap4k"
            + " DirectMap4M";
    List<String> lines = system.read("/proc/meminfo").lines().toList();
    assertEquals(
        expected, String.join(" ", lines.stream().map(line -> line.split(":", 2)[0]).toList()));
    assertTrue(lines.contains("HardwareCorrupted:     0 kB"));
    assertTrue(lines.contains("HugePages_Total:       0"));
    assertTrue(lines.contains("Hugepagesize:       4096 kB"));
    long total = system.memory.allocator().node().totalRamPages() * 4;
    assertEquals("MemTotal:       %8d kB".formatted(total), lines.get(0));
  }

  @Test
  void buddyinfoCountsTheFreeBlocks() {
    for (String line : system.read("/proc/buddyinfo").lines().toList()) {
      assertTrue(line.matches("Node 0, zone {3,}(DMA|Normal) ( {0,5}[0-9]{1,6} ){11}"), line);
    }
    long pages = 0;
    for (String line : system.read("/proc/buddyinfo").lines().toList()) {
      String[] counts = line.substring(22).strip().split(" +", -1);
      for (int order = 0; order < counts.length; order++) {
        pages += Long.parseLong(counts[order]) << order;
      }
    }
    assertEquals(system.memory.allocator().node().freePages(), pages);
  }

  @Test
  void theProcessShowsItsFilesAndPlaces() {
    mapProgram();
    byte[] buffer = new byte[100];
    long count = system.calls.readlinkat(-100, "/proc/self/exe", buffer);
    assertEquals("/program", HostNames.fromBytes(buffer, 0, (int) count));
    count = system.calls.readlinkat(-100, "/proc/self", buffer);
    assertEquals("91", HostNames.fromBytes(buffer, 0, (int) count));
    assertEquals("busybox\0cat\0", system.read("/proc/91/cmdline"));
    assertEquals("busybox\n", system.read("/proc/self/comm"));
    int fd = (int) system.calls.openat(-100, "/program", 0, 0);
    count = system.calls.readlinkat(-100, "/proc/self/fd/" + fd, buffer);
    assertEquals("/program", HostNames.fromBytes(buffer, 0, (int) count));
    // The link leads to the open file, even if its name is gone.
    assertEquals(0, system.calls.unlinkat(-100, "/program", 0));
    assertEquals(0x3000, system.read("/proc/self/fd/" + fd).length());
    assertEquals("/proc/91", system.calls.chdir("/proc/self/fd/..") == 0 ? cwd() : "");
  }

  private String cwd() {
    return system.fs().pwd().path();
  }

  @Test
  void rootLeadsNowhereElse() {
    Kstat root = new Kstat();
    Kstat link = new Kstat();
    assertEquals(0, system.calls.fstatat(-100, "/", 0, root));
    assertEquals(0, system.calls.fstatat(-100, "/proc/self/root/proc/self/cwd/..", 0, link));
    assertEquals(root.ino, link.ino);
    assertEquals(root.dev, link.dev);
  }

  @Test
  void nothingInProcCanBeChanged() {
    int maps = (int) system.calls.openat(-100, "/proc/self/maps", 1, 0);
    assertEquals(-22, system.calls.write(maps, new byte[1], 0, 1));
    assertEquals(-13, system.calls.openat(-100, "/proc/meminfo", 1, 0));
    assertEquals(-1, system.calls.unlinkat(-100, "/proc/meminfo", 0));
    assertEquals(-1, system.calls.mkdirat(-100, "/proc/new", 0755));
    assertEquals(-1, system.calls.fchmodat(-100, "/proc/meminfo", 0777, 0));
    assertEquals(-18, system.calls.renameat2(-100, "/proc/meminfo", -100, "/mine", 0));
  }

  @Test
  void theSystemTellsOfItself() {
    assertEquals("12.34 0.00\n", system.read("/proc/uptime"));
    assertEquals("6.1.0\n", system.read("/proc/sys/kernel/osrelease"));
    assertEquals("65536\n", system.read("/proc/sys/vm/mmap_min_addr"));
    assertEquals("65530\n", system.read("/proc/sys/vm/max_map_count"));
    assertEquals("0\n", system.read("/proc/sys/vm/overcommit_memory"));
    assertTrue(system.read("/proc/mounts").contains("proc /proc proc rw,relatime 0 0\n"));
    assertTrue(system.read("/proc/stat").startsWith("cpu  1 0 0 0 0 0 0 0 0 0\ncpu0 1 0 "));
    assertTrue(system.read("/proc/vmstat").startsWith("nr_free_pages "));
  }
}
