package org.memarium.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.MemMapAudit;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageAllocatorAudit;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/** Regular files with their pages in the RAM of a machine. */
class PageCacheTest {

  @TempDir Path folder;
  private Ram ram;
  private PageAllocator allocator;
  private SlabAllocator slab;
  private PageCache pageCache;
  private KernelPageTable kernelPageTable;

  @BeforeEach
  void boot() {
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(Architecture.I386, 8 << 20);
    ram = Ram.reserve(map.endPhysicalAddress());
    Memblock memblock = new Memblock(Architecture.I386, map);
    kernelPageTable = new KernelPageTable(ram, memblock);
    allocator =
        PageAllocator.boot(
            ram, memblock, PageAllocator.DEFAULT_MAX_ORDER, new VmStat(), new Trace());
    slab = new SlabAllocator(allocator, SlabConfig.LINUX_6_1, new KernelLog());
    pageCache = new PageCache(allocator, slab);
    allocator
        .slowPath()
        .setReclaimer((gfpFlags, order) -> {
          pageCache.sync();
          return (int) pageCache.dropClean();
        });
  }

  @AfterEach
  void auditAndHalt() {
    assertNotNull(kernelPageTable);
    Audit audit = new Audit(allocator.memMap().frames());
    pageCache.audit(audit);
    slab.audit(audit);
    PageAllocatorAudit.audit(allocator, audit);
    MemMapAudit.audit(allocator.memMap(), audit);
    audit.finish();
    ram.close();
  }

  private TestTree tree(Path... writable) throws IOException {
    return TestTree.cached(folder, pageCache, slab, writable);
  }

  private long cachedPages() {
    return allocator.vmStat().get(VmStatItem.NR_FILE_PAGES);
  }

  @Test
  void aReadLeavesItsPagesInTheCache() throws IOException {
    Files.write(folder.resolve("file"), new byte[3 * 4096 + 1]);
    try (TestTree tree = tree()) {
      assertEquals(3 * 4096 + 1, tree.read("/file").length());
      assertEquals(4, cachedPages());
      assertEquals(3 * 4096 + 1, tree.read("/file").length());
      assertEquals(4, cachedPages());
    }
  }

  @Test
  void writesAndReadsThroughDifferentDescriptorsAgree() throws IOException {
    Files.writeString(folder.resolve("file"), "abcdef");
    try (TestTree tree = tree()) {
      int reader = tree.fd("/file", Fcntl.O_RDONLY);
      assertEquals("ok", tree.write("/file", "XY", Fcntl.O_WRONLY));
      byte[] buffer = new byte[6];
      assertEquals(6, tree.calls.read(reader, buffer, 0, 6));
      assertEquals("XYcdef", HostNames.fromBytes(buffer, 0, 6));
    }
    assertEquals("abcdef", Files.readString(folder.resolve("file")));
  }

  @Test
  void moreIsWrittenToTheOverlayThanTheMachineHasRam() throws IOException {
    try (TestTree tree = tree()) {
      int fd = tree.fd("/big", Fcntl.O_RDWR | Fcntl.O_CREAT);
      byte[] block = new byte[65536];
      for (int i = 0; i < 200; i++) {
        block[0] = (byte) i;
        assertEquals(block.length, tree.calls.write(fd, block, 0, block.length));
      }
      byte[] one = new byte[1];
      for (int i = 0; i < 200; i += 7) {
        assertEquals(1, tree.calls.pread64(fd, one, 0, 1, (long) i * block.length));
        assertEquals((byte) i, one[0]);
      }
    }
  }

  @Test
  void aRemovedFileGivesItsFramesBackWhenItIsClosed() throws IOException {
    try (TestTree tree = tree()) {
      int fd = tree.fd("/file", Fcntl.O_RDWR | Fcntl.O_CREAT);
      assertEquals(9000, tree.calls.write(fd, new byte[9000], 0, 9000));
      assertEquals("0", tree.unlink("/file"));
      assertEquals(3, cachedPages());
      tree.calls.close(fd);
      assertEquals(0, cachedPages());
    }
  }

  @Test
  void aWriteToAWritableFolderIsOnTheHostAtOnce() throws IOException {
    try (TestTree tree = tree(folder)) {
      int fd = tree.fd("/log", Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_APPEND);
      assertEquals(5, tree.calls.write(fd, HostNames.toBytes("first"), 0, 5));
      assertEquals("first", Files.readString(folder.resolve("log")));
      assertEquals(6, tree.calls.write(fd, HostNames.toBytes("second"), 0, 6));
      assertEquals("firstsecond", Files.readString(folder.resolve("log")));
      assertEquals(0, tree.calls.ftruncate(fd, 3, false));
      assertEquals("fir", Files.readString(folder.resolve("log")));
      assertEquals(0, tree.calls.ftruncate(fd, 5, false));
      assertEquals("fir\0\0", Files.readString(folder.resolve("log")));
    }
  }

  @Test
  void aFileThatTheHostChangedIsReadAnewWhenItIsOpenedAgain() throws IOException {
    Path file = folder.resolve("file");
    Files.writeString(file, "before");
    try (TestTree tree = tree()) {
      assertEquals("before", tree.read("/file"));
      Files.writeString(file, "after it");
      assertEquals("after it", tree.read("/file"));
    }
  }

  @Test
  void whatAMappingWroteReachesTheWritableFolder() throws IOException {
    Path file = folder.resolve("file");
    Files.writeString(file, "before");
    try (TestTree tree = tree(folder)) {
      int fd = tree.fd("/file", Fcntl.O_RDWR);
      OpenFile open = tree.fds.get(fd);
      assertNotNull(open);
      AddressSpace pages = open.mapping();
      int pfn = pages.readPage(0);
      assertTrue(pfn >= 0);
      ram.putByte((long) pfn << Ram.PAGE_SHIFT, (byte) 'B');
      pages.setDirty(pfn);
      tree.calls.close(fd);
      assertEquals("Before", Files.readString(file));
    }
  }

  @Test
  void whatWasStoredByTheLastCloseIsInTheCacheStill() throws IOException {
    Path file = folder.resolve("file");
    Files.writeString(file, "before");
    Files.setLastModifiedTime(file, FileTime.fromMillis(0));
    try (TestTree tree = tree(folder)) {
      int fd = tree.fd("/file", Fcntl.O_RDWR);
      OpenFile open = tree.fds.get(fd);
      assertNotNull(open);
      AddressSpace pages = open.mapping();
      pages.setDirty(pages.readPage(0));
      tree.calls.close(fd);
      assertEquals("before", tree.read("/file"));
      assertEquals(1, pages.cachedPages());
    }
  }

  /** On the host, a block that was read counts as data, and no hole behind the end takes it. */
  @Test
  void blocksThatNobodyWroteToAreHolesForTheDevice() throws IOException {
    try (TestTree tree = tree(folder)) {
      int fd = tree.fd("/file", Fcntl.O_RDWR | Fcntl.O_CREAT);
      OpenFile open = tree.fds.get(fd);
      assertNotNull(open);
      assertEquals(0, tree.calls.fallocate(fd, Fcntl.FALLOC_FL_KEEP_SIZE, 0x5110, 0x5000, false));
      int punch = Fcntl.FALLOC_FL_PUNCH_HOLE | Fcntl.FALLOC_FL_KEEP_SIZE;
      assertEquals(0, tree.calls.fallocate(fd, punch, 0x4a8b, 0x7000, false));
      assertEquals(0, tree.calls.ftruncate(fd, 0x7000, false));
      assertEquals(1, tree.calls.pwrite(open, new byte[1], 0, 1, 0x6000));
      assertTrue(open.mapping().readPage(5) >= 0);
      assertTrue(open.mapping().store().isHole(5));
      assertFalse(open.mapping().store().isHole(6));
    }
  }

  @Test
  void aNumberThatTheHostUsesAgainIsANewFile() throws IOException {
    try (TestTree tree = tree(folder)) {
      for (int i = 0; i < 20; i++) {
        assertEquals("ok", tree.write("/file", "contents " + i));
        assertEquals("contents " + i, tree.read("/file"));
        assertEquals("0", tree.unlink("/file"));
      }
    }
  }
}
