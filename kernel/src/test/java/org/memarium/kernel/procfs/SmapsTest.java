package org.memarium.kernel.procfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.vfs.RecordFile;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.space.MmapFlags;

/** smaps, smaps_rollup, pagemap, kpagecount and kpageflags tell the same of the same pages. */
class SmapsTest {

  private static final int PAGE = 0x1000;
  private static final int RW = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;
  private static final int USER_WRITE = 0x6;
  private static final int USER_READ = 0x4;

  @TempDir private Path folder;
  private TestSystem system;
  private FaultHandler faults;
  private long area;

  @BeforeEach
  void boot() {
    system = new TestSystem(folder);
    faults = new FaultHandler(system.memory);
    int anonymous = MmapFlags.MAP_PRIVATE | MmapFlags.MAP_ANONYMOUS;
    area = system.mm.mmap(0, 8 * PAGE, RW, anonymous, null, 0);
    // Two pages of its own, and the zero page.
    faults.handleMmFault(system.mm, area, USER_WRITE);
    faults.handleMmFault(system.mm, area + PAGE, USER_WRITE);
    faults.handleMmFault(system.mm, area + 2 * PAGE, USER_READ);
  }

  @AfterEach
  void halt() {
    system.close();
  }

  private List<String> lines(String file) {
    return system.read(file).lines().toList();
  }

  @Test
  void eachAreaHasLinuxsLines() {
    List<String> linux = firstArea(Reference.of(128).lines("/proc/self/smaps"));
    List<String> ours = firstArea(lines("/proc/self/smaps"));
    int flags = linux.size() - 1;
    assertEquals(
        Reference.maskedInColumns(linux.subList(0, flags)),
        Reference.maskedInColumns(ours.subList(0, flags)));
    assertEquals("VmFlags: rd mr mw me ", linux.getLast());
    assertEquals("VmFlags: rd wr mr mw me ac ", ours.getLast());
  }

  /** The lines behind the first of maps, up to the flags. */
  private static List<String> firstArea(List<String> lines) {
    int end = 1;
    while (!lines.get(end).startsWith("VmFlags:")) {
      end++;
    }
    return lines.subList(1, end + 1);
  }

  @Test
  void theFiguresAreThoseOfThePages() {
    List<String> ours = lines("/proc/self/smaps");
    assertTrue(ours.contains("Size:                 32 kB"));
    assertTrue(ours.contains("Rss:                   8 kB"));
    assertTrue(ours.contains("Pss:                   8 kB"));
    assertTrue(ours.contains("Private_Dirty:         8 kB"));
    assertTrue(ours.contains("Anonymous:             8 kB"));
    assertTrue(ours.contains("Locked:                0 kB"));
  }

  @Test
  void theRollupHasTheSumsAndThePartsByKind() {
    List<String> rollup = lines("/proc/self/smaps_rollup");
    assertEquals(
        "%-49s[rollup]".formatted("%08x-%08x ---p 00000000 00:00 0".formatted(area, area + 0x8000)),
        rollup.getFirst());
    List<String> names = rollup.stream().skip(1).map(line -> line.split(":", 2)[0]).toList();
    assertEquals(List.of("Rss", "Pss", "Pss_Dirty", "Pss_Anon", "Pss_File"), names.subList(0, 5));
    assertEquals("Locked", names.getLast());
    assertTrue(rollup.contains("Pss_Anon:              8 kB"));
    assertTrue(rollup.contains("Pss_Shmem:             0 kB"));
  }

  private long word(String file, long index) {
    int fd = (int) system.calls.openat(-100, file, 0, 0);
    byte[] bytes = new byte[8];
    assertEquals(8, system.calls.pread64(fd, bytes, 0, 8, index * 8));
    assertEquals(-22, system.calls.pread64(fd, bytes, 0, 7, index * 8));
    assertEquals(-22, system.calls.pread64(fd, bytes, 0, 8, index * 8 + 1));
    system.calls.close(fd);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  @Test
  void pagemapLeadsToTheFrameAndItsFlags() {
    long entry = word("/proc/self/pagemap", area / PAGE);
    int pfn = Pte.pfn(system.mm.pages().tables().pte(area));
    // Present, mapped by nobody else, and no page of a file.
    assertEquals(1L << 63 | 1L << 56 | pfn, entry);
    assertEquals(0, word("/proc/self/pagemap", area / PAGE + 3));
    assertEquals(1, word("/proc/kpagecount", pfn));
    long flags = word("/proc/kpageflags", pfn);
    assertEquals(1, flags >>> PageWords.KPF_MMAP & 1);
    assertEquals(1, flags >>> PageWords.KPF_ANON & 1);
    assertEquals(0, flags >>> PageWords.KPF_BUDDY & 1);
  }

  @Test
  void theZeroPageIsTheZeroPage() {
    long entry = word("/proc/self/pagemap", area / PAGE + 2);
    int pfn = system.memory.allocator().zeroPfn();
    assertEquals(1L << 63 | pfn, entry);
    long flags = word("/proc/kpageflags", pfn);
    assertEquals(1, flags >>> PageWords.KPF_ZERO_PAGE & 1);
    assertEquals(1L, flags >>> PageWords.KPF_RESERVED & 1);
  }

  @Test
  void freeFramesAndPageTablesAreToldApart() {
    long free = 0;
    long tables = 0;
    for (int pfn = 0; pfn < system.memory.memMap().frames(); pfn++) {
      long flags = PageWords.flags(system.memory.allocator()).word(pfn, true);
      free += flags >>> PageWords.KPF_BUDDY & 1;
      tables += flags >>> PageWords.KPF_PGTABLE & 1;
    }
    assertEquals(system.memory.allocator().node().freePages(), free);
    // The top table is one too, although PageTables does not count it.
    assertEquals(system.mm.pages().tables().tablePages() + 1, tables);
  }

  @Test
  void slabsAreSlabsToTheirLastFrame() {
    KmemCache cache = Objects.requireNonNull(system.slab.cache("kmalloc-8k"));
    long object = cache.alloc(Gfp.GFP_KERNEL);
    int pfn = system.memory.allocator().directMap().virtToPfn(object);
    int head = system.memory.memMap().compoundHead(pfn);
    RecordFile.Words flags = PageWords.flags(system.memory.allocator());
    for (int frame = head; frame < head + (1 << cache.order()); frame++) {
      long word = flags.word(frame, true);
      assertEquals(1, word >>> PageWords.KPF_SLAB & 1);
      int part = frame == head ? PageWords.KPF_COMPOUND_HEAD : PageWords.KPF_COMPOUND_TAIL;
      assertEquals(1, word >>> part & 1);
      assertEquals(0, PageWords.counts(system.memory.allocator()).word(frame, true));
    }
    cache.free(object);
  }

  @Test
  void onlyRootLearnsFrames() {
    PageMap map = new PageMap(() -> system.mm, system.memory.memMap());
    assertEquals(1L << 63 | 1L << 56, map.word(area / PAGE, false));
    assertEquals(0xc0000, map.count());
  }

  @Test
  void iomemHasTheKernelInRam() {
    List<String> ours = lines("/proc/iomem");
    List<String> linux = Reference.of(128).lines("/proc/iomem");
    // Linux also has devices here that this machine does not have, and loads at a random place.
    for (String line :
        List.of("00001000-0009fbff : System RAM", "00100000-07fdffff : System RAM")) {
      assertTrue(linux.contains(line), line);
      assertTrue(ours.contains(line), line);
    }
    assertTrue(ours.contains("  01000000-0191bc7f : Kernel code"));
    assertTrue(linux.contains("  03000000-0391bc7f : Kernel code"));
  }

  @Test
  void aFileOfWordsEndsWhereTheFramesEnd() {
    int fd = (int) system.calls.openat(-100, "/proc/kpagecount", 0, 0);
    byte[] bytes = new byte[64];
    long end = 8L * system.memory.memMap().frames();
    assertEquals(16, system.calls.pread64(fd, bytes, 0, 64, end - 16));
    assertEquals(0, system.calls.pread64(fd, bytes, 0, 64, end));
    system.calls.close(fd);
  }
}
