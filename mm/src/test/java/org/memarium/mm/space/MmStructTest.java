package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.ANON;
import static org.memarium.mm.fault.TestSpace.FIXED;
import static org.memarium.mm.fault.TestSpace.PRIVATE;
import static org.memarium.mm.fault.TestSpace.RW;
import static org.memarium.mm.fault.TestSpace.SHARED;
import static org.memarium.mm.space.MmapFlags.MAP_ANONYMOUS;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED_NOREPLACE;
import static org.memarium.mm.space.MmapFlags.MAP_GROWSDOWN;
import static org.memarium.mm.space.MmapFlags.MAP_LOCKED;
import static org.memarium.mm.space.MmapFlags.MAP_NORESERVE;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED_VALIDATE;
import static org.memarium.mm.space.MmapFlags.MAP_STACK;
import static org.memarium.mm.space.MmapFlags.MAP_SYNC;
import static org.memarium.mm.space.MmapFlags.MREMAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_MAYMOVE;
import static org.memarium.mm.space.MmapFlags.PROT_EXEC;
import static org.memarium.mm.space.MmapFlags.PROT_GROWSDOWN;
import static org.memarium.mm.space.MmapFlags.PROT_NONE;
import static org.memarium.mm.space.MmapFlags.PROT_READ;
import static org.memarium.mm.space.MmapFlags.PROT_WRITE;

import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.file.TestFile;

final class MmStructTest {
  private static final int PAGE = 4096;
  private static final long AT = 0x1000_0000L;

  private final TestSpace space = TestSpace.i386();
  private final MmStruct mm = space.mm;

  @AfterEach
  void close() {
    space.close();
  }

  private Vma areaAt(long address) {
    return Objects.requireNonNull(mm.findVma(address));
  }

  // ---- mmap ----

  @Test
  void mappingsGoDownFromTheBaseAndMerge() {
    assertEquals(0xb7ff_f000L, space.mapAnon(0, PAGE, RW, 0));
    assertEquals(0xb7ff_d000L, space.mapAnon(0, 2 * PAGE, RW, 0));
    assertEquals("b7ffd000-b8000000 rw-p\n", space.maps());
    assertEquals(0xb7ff_c000L, space.mapAnon(0, PAGE, PROT_READ, 0));
    assertEquals("b7ffc000-b7ffd000 r--p\nb7ffd000-b8000000 rw-p\n", space.maps());
  }

  @Test
  void theLegacyLayoutGoesUpFromAThird() {
    mm.unmappedArea().pickLayout(true, null);
    assertEquals(0x4000_0000L, space.mapAnon(0, PAGE, RW, 0));
    assertEquals(0x4000_1000L, space.mapAnon(0, PAGE, RW, 0));
  }

  @Test
  void belowTheMinimumAddressOnlyThePrivilegedMap() {
    assertEquals(-Errno.EPERM, space.mapAnon(0x1000, PAGE, RW, FIXED));
    assertEquals(0x1_0000, space.mapAnon(0x1000, PAGE, RW, 0));
    mm.setPrivileged(true);
    assertEquals(0x1000, space.mapAnon(0x1000, PAGE, RW, FIXED));
  }

  @Test
  void whatIsWrongWithAMappingIsSaidInLinuxsOrder() {
    TestFile file = TestFile.of(space.pageCache, PAGE);
    assertEquals(-Errno.EINVAL, mm.mmap(AT, 0, RW, 0, null, 0));
    assertEquals(-Errno.ENOMEM, mm.mmap(AT, 0xffff_ffffL, RW, 0, null, 0));
    assertEquals(-Errno.EOVERFLOW, mm.mmap(AT, PAGE, RW, PRIVATE, file, 0xffff_ffffL));
    assertEquals(-Errno.EINVAL, mm.mmap(AT + 1, PAGE, RW, ANON | FIXED, null, 0));
    assertEquals(-Errno.EINVAL, mm.mmap(AT, PAGE, RW, MAP_ANONYMOUS, null, 0));
    assertEquals(
        -Errno.EINVAL, mm.mmap(AT, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, null, 0));
    assertEquals(
        -Errno.EINVAL, mm.mmap(AT, PAGE, RW, SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, null, 0));
    assertEquals(-Errno.EINVAL, mm.mmap(AT, PAGE, RW, PRIVATE | MAP_GROWSDOWN, file, 0));
    assertEquals(-Errno.EOPNOTSUPP, mm.mmap(AT, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0));
    space.limits.set(RLimits.MEMLOCK, 0, 0);
    assertEquals(-Errno.EPERM, mm.mmap(AT, PAGE, RW, ANON | MAP_LOCKED, null, 0));
    space.limits.set(RLimits.MEMLOCK, 0, RLimits.INFINITY);
    space.limits.set(RLimits.MEMLOCK, PAGE, RLimits.INFINITY);
    assertEquals(-Errno.EAGAIN, mm.mmap(AT, 2 * PAGE, RW, ANON | MAP_LOCKED, null, 0));
    assertEquals(0, mm.areas());
  }

  @Test
  void aFilesRightsLimitItsMappings() {
    TestFile file = TestFile.of(space.pageCache, PAGE);
    file.writable = false;
    assertEquals(-Errno.EACCES, space.mapFile(file, PAGE, RW, SHARED, 0));
    assertTrue(space.mapFile(file, PAGE, RW, PRIVATE, 0) > 0);
    long shared = space.mapFile(file, PAGE, PROT_READ, SHARED, 0);
    assertEquals("r--s", areaAt(shared).rights());
    assertEquals(-Errno.EACCES, mm.mprotect(shared, PAGE, RW));
    file.noExec = true;
    assertEquals(-Errno.EPERM, space.mapFile(file, PAGE, PROT_READ | PROT_EXEC, PRIVATE, 0));
    long noExec = space.mapFile(file, PAGE, PROT_READ, PRIVATE, 0);
    assertEquals(-Errno.EACCES, mm.mprotect(noExec, PAGE, PROT_EXEC));
    file.kind = MappedFile.MmapKind.NONE;
    assertEquals(-Errno.ENODEV, space.mapFile(file, PAGE, PROT_READ, PRIVATE, 0));
    file.readable = false;
    assertEquals(-Errno.EACCES, space.mapFile(file, PAGE, PROT_READ, PRIVATE, 0));
  }

  @Test
  void fixedReplacesAndNoreplaceRefuses() {
    space.mapAnon(AT, 4 * PAGE, RW, FIXED);
    assertEquals(-Errno.EEXIST, space.mapAnon(AT, PAGE, RW, MAP_FIXED_NOREPLACE));
    assertEquals(AT + PAGE, space.mapAnon(AT + PAGE, PAGE, PROT_READ, FIXED));
    assertEquals(
        "10000000-10001000 rw-p\n10001000-10002000 r--p\n10002000-10004000 rw-p\n", space.maps());
    assertEquals(4, mm.accounting().totalVm());
  }

  @Test
  void zeroDeviceIsAnonymousMemory() {
    TestFile zero = TestFile.of(space.pageCache, PAGE);
    zero.kind = MappedFile.MmapKind.ZERO;
    long own = space.mapFile(zero, 2 * PAGE, RW, PRIVATE, 0);
    space.mmu.writeInt(own + PAGE, 1);
    assertEquals(1, mm.rss().anon());
    long shared = space.mapFile(zero, 2 * PAGE, RW, SHARED, 0);
    space.mmu.writeInt(shared + PAGE, 1);
    assertEquals(1, mm.rss().shmem());
    MappedFile shmem = Objects.requireNonNull(areaAt(shared).file());
    assertEquals("/dev/zero (deleted)", shmem.path());
  }

  @Test
  void everyAreaHoldsItsFile() {
    TestFile file = TestFile.of(space.pageCache, 8 * PAGE);
    long at = space.mapFile(file, 8 * PAGE, PROT_READ, PRIVATE, 0);
    assertEquals(1, file.references);
    mm.munmap(at + 2 * PAGE, PAGE);
    assertEquals(2, file.references);
    // The hole is filled, and three areas become one.
    mm.mmap(at + 2 * PAGE, PAGE, PROT_READ, PRIVATE | FIXED, file, 2);
    assertEquals(1, mm.areas());
    assertEquals(1, file.references);
    mm.mmap(at + 2 * PAGE, PAGE, PROT_READ, PRIVATE | FIXED, file, 3);
    assertEquals(3, mm.areas());
    mm.munmap(at, 8 * PAGE);
    assertEquals(0, file.references);
    assertEquals(true, file.mapping().mappings().isEmpty());
  }

  @Test
  void twoOpeningsOfAFileDoNotMerge() {
    TestFile one = TestFile.of(space.pageCache, 2 * PAGE);
    TestFile other = TestFile.of(space.pageCache, 2 * PAGE);
    mm.mmap(AT, PAGE, PROT_READ, PRIVATE | FIXED, one, 0);
    mm.mmap(AT + PAGE, PAGE, PROT_READ, PRIVATE | FIXED, other, 1);
    assertEquals(2, mm.areas());
  }

  // ---- Limits ----

  @Test
  void theAddressSpaceLimitCountsWhatIsReplacedOnlyOnce() {
    space.limits.set(RLimits.AS, 4 * PAGE, RLimits.INFINITY);
    space.mapAnon(AT, 3 * PAGE, RW, FIXED);
    assertEquals(-Errno.ENOMEM, space.mapAnon(0, 2 * PAGE, RW, 0));
    assertEquals(AT, space.mapAnon(AT, 4 * PAGE, PROT_READ, FIXED));
  }

  @Test
  void theDataLimitCountsPrivateWritableMemory() {
    space.limits.set(RLimits.DATA, 4 * PAGE, RLimits.INFINITY);
    assertEquals(AT, space.mapAnon(AT, 3 * PAGE, RW, FIXED));
    assertEquals(-Errno.ENOMEM, space.mapAnon(0, 2 * PAGE, RW, 0));
    long read = space.mapAnon(0, 8 * PAGE, PROT_READ, 0);
    assertTrue(read > 0);
    assertEquals(-Errno.ENOMEM, mm.mprotect(read, 2 * PAGE, RW));
    assertEquals(0, mm.mprotect(read, PAGE, RW));
    assertTrue(mm.mmap(0, 8 * PAGE, RW, SHARED | MAP_ANONYMOUS, null, 0) > 0);
  }

  @Test
  void moreThanAllMemoryIsNotCommittedUnlessReserved() {
    long bytes = 256L << 20;
    assertEquals(-Errno.ENOMEM, space.mapAnon(0, bytes, RW, 0));
    assertTrue(space.mapAnon(0, bytes, RW, MAP_NORESERVE) > 0);
    assertEquals(0, space.manager.committedMemory().pages());
    assertTrue(space.mapAnon(0, bytes, PROT_READ, 0) > 0);
    space.manager.committedMemory().setMode(MemoryManager.Overcommit.ALWAYS);
    assertTrue(space.mapAnon(0, bytes, RW, 0) > 0);
  }

  // ---- munmap ----

  @Test
  void munmapChecksItsArguments() {
    assertEquals(-Errno.EINVAL, mm.munmap(AT + 1, PAGE));
    assertEquals(-Errno.EINVAL, mm.munmap(AT, 0));
    assertEquals(-Errno.EINVAL, mm.munmap(0xbfff_f000L, 2 * PAGE));
    assertEquals(0, mm.munmap(AT, PAGE));
    assertEquals(0, mm.munmap(0, 0xc000_0000L));
  }

  @Test
  void aHoleInAnAreaNeedsRoomForOneMore() {
    space.manager.setMaxMapCount(1);
    space.mapAnon(AT, 4 * PAGE, RW, FIXED);
    assertEquals(-Errno.ENOMEM, mm.munmap(AT + PAGE, PAGE));
    assertEquals(-Errno.ENOMEM, mm.mprotect(AT + PAGE, PAGE, PROT_READ));
    assertEquals(0, mm.munmap(AT, PAGE));
    assertEquals(0, mm.munmap(AT + 3 * PAGE, PAGE));
    assertEquals("10001000-10003000 rw-p\n", space.maps());
  }

  // ---- mprotect ----

  @Test
  void mprotectChangesWhatLiesBeforeAHole() {
    space.mapAnon(AT, 2 * PAGE, RW, FIXED);
    space.mapAnon(AT + 3 * PAGE, PAGE, RW, FIXED);
    assertEquals(-Errno.ENOMEM, mm.mprotect(AT, 4 * PAGE, PROT_READ));
    assertEquals("10000000-10002000 r--p\n10003000-10004000 rw-p\n", space.maps());
    assertEquals(-Errno.ENOMEM, mm.mprotect(AT + 2 * PAGE, PAGE, PROT_READ));
    assertEquals(-Errno.EINVAL, mm.mprotect(AT + 1, PAGE, PROT_READ));
    assertEquals(-Errno.EINVAL, mm.mprotect(AT, PAGE, 0x40));
    assertEquals(0, mm.mprotect(AT + 2 * PAGE, 0, PROT_READ));
  }

  @Test
  void mprotectSplitsAndMergesBack() {
    space.mapAnon(AT, 4 * PAGE, RW, FIXED);
    assertEquals(0, mm.mprotect(AT + PAGE, PAGE, PROT_READ));
    assertEquals(3, mm.areas());
    assertEquals(0, mm.mprotect(AT + 2 * PAGE, PAGE, PROT_READ));
    assertEquals(
        "10000000-10001000 rw-p\n10001000-10003000 r--p\n10003000-10004000 rw-p\n", space.maps());
    assertEquals(0, mm.mprotect(AT + PAGE, 2 * PAGE, RW));
    assertEquals("10000000-10004000 rw-p\n", space.maps());
  }

  @Test
  void growsDownReachesTheStartOfTheStackAndNothingElse() {
    space.mapAnon(AT, 4 * PAGE, RW, FIXED);
    assertEquals(-Errno.EINVAL, mm.mprotect(AT + PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
    space.mapAnon(AT + 0x100_0000, 4 * PAGE, RW, FIXED | MAP_GROWSDOWN);
    long inside = AT + 0x100_0000 + 2 * PAGE;
    assertEquals(0, mm.mprotect(inside, PAGE, PROT_READ | PROT_GROWSDOWN));
    assertEquals(3, areaAt(inside).pages());
  }

  @Test
  void readImpliesExecIfThePersonalitySaysSo() {
    mm.setReadImpliesExec(true);
    long at = space.mapAnon(0, PAGE, PROT_READ, 0);
    assertEquals("r-xp", areaAt(at).rights());
    assertEquals(0, mm.mprotect(at, PAGE, PROT_WRITE));
    assertEquals("-w-p", areaAt(at).rights());
  }

  // ---- Merging and anonymous pages ----

  @Test
  void neighboursThatBothHavePagesOfTheirOwnDoNotMerge() {
    space.mapAnon(AT, PAGE, RW, FIXED);
    space.mapAnon(AT + 2 * PAGE, PAGE, RW, FIXED);
    space.mmu.writeInt(AT, 1);
    space.mmu.writeInt(AT + 2 * PAGE, 1);
    space.mapAnon(AT + PAGE, PAGE, RW, FIXED);
    // The new one joins the upper, in 6.1; the two that have pages stay apart.
    assertEquals("10000000-10001000 rw-p\n10001000-10003000 rw-p\n", space.maps());
  }

  @Test
  void neighboursThatDifferInRightsShareWhatTheyNeedToMergeLater() {
    space.mapAnon(AT, 2 * PAGE, RW, FIXED);
    assertEquals(0, mm.mprotect(AT + PAGE, PAGE, RW | PROT_EXEC));
    space.mmu.writeInt(AT, 1);
    space.mmu.writeInt(AT + PAGE, 1);
    assertEquals(2, mm.areas());
    assertEquals(0, mm.mprotect(AT + PAGE, PAGE, RW));
    assertEquals(1, mm.areas());
  }

  // ---- brk ----

  @Test
  void theHeapOfTheReferenceStaysApartFromBss() {
    assertEquals(0, mm.heap().vmBrkFlags(0x0824_0000, 4 * PAGE, 0));
    mm.heap().setBrk(0x0824_4000, 0x0824_4000);
    assertEquals(0x0826_6000, mm.brk(0x0826_6000));
    assertEquals("08240000-08244000 rw-p\n08244000-08266000 rw-p\n", space.maps());
    // 6.1 calls both so.
    assertTrue(mm.heap().isHeap(areaAt(0x0824_0000)));
    assertTrue(mm.heap().isHeap(areaAt(0x0824_4000)));
    assertEquals(0x0826_6008, mm.brk(0x0826_6008));
    assertEquals(0x0826_7000, areaAt(0x0824_4000).end());
    assertEquals(0x0824_4001, mm.brk(0x0824_4001));
    assertEquals(0x0824_5000, areaAt(0x0824_4000).end());
    assertEquals(0x0824_4001, mm.brk(0));
    assertEquals(0x0824_4001, mm.brk(0x0824_3fff));
    assertEquals(5, mm.accounting().dataVm());
  }

  @Test
  void aCurrentKernelNamesTheHeapOnly() {
    try (TestSpace compat = TestSpace.boot(Architecture.COMPAT, 64)) {
      compat.mm.heap().vmBrkFlags(0x0824_0000, 4 * PAGE, 0);
      compat.mm.heap().setBrk(0x0824_4000, 0x0824_4000);
      compat.mm.brk(0x0824_6000);
      Vma bss = Objects.requireNonNull(compat.mm.findVma(0x0824_0000));
      Vma heap = Objects.requireNonNull(compat.mm.findVma(0x0824_4000));
      assertEquals(false, compat.mm.heap().isHeap(bss));
      assertEquals(true, compat.mm.heap().isHeap(heap));
    }
  }

  @Test
  void theHeapKeepsAPageFromItsNeighbourAndTheGuardGapFromAStack() {
    mm.heap().setBrk(AT, AT);
    space.mapAnon(AT + 16 * PAGE, PAGE, PROT_READ, FIXED);
    assertEquals(AT, mm.brk(AT + 16 * PAGE));
    assertEquals(AT + 15 * PAGE, mm.brk(AT + 15 * PAGE));
    mm.munmap(AT + 16 * PAGE, PAGE);
    space.mapAnon(AT + 400 * PAGE, PAGE, RW, FIXED | MAP_GROWSDOWN);
    long nearest = AT + (400 - 256 - 1) * PAGE;
    assertEquals(AT + 15 * PAGE, mm.brk(nearest + 1));
    assertEquals(nearest, mm.brk(nearest));
  }

  @Test
  void theDataLimitHoldsForTheHeapToTheByte() {
    mm.parts().setCodeAndData(0x0804_8000, 0x0804_9000, 0x0804_9000, 0x0804_9000 + 100);
    mm.heap().setBrk(AT, AT);
    space.limits.set(RLimits.DATA, 1000, RLimits.INFINITY);
    assertEquals(AT, mm.brk(AT + 901));
    space.limits.set(RLimits.DATA, PAGE + 100, RLimits.INFINITY);
    assertEquals(AT + PAGE, mm.brk(AT + PAGE));
    assertEquals(AT + PAGE, mm.brk(AT + PAGE + 1));
  }

  // ---- mremap ----

  @Test
  void mremapGrowsInPlaceAndShrinks() {
    long at = space.mapAnon(AT, 2 * PAGE, RW, FIXED);
    assertEquals(at, mm.mremap(at, 2 * PAGE, 5 * PAGE, 0, 0));
    assertEquals("10000000-10005000 rw-p\n", space.maps());
    assertEquals(at, mm.mremap(at, 5 * PAGE, PAGE, 0, 0));
    assertEquals("10000000-10001000 rw-p\n", space.maps());
    space.mapAnon(AT + 2 * PAGE, PAGE, PROT_READ, FIXED);
    assertEquals(-Errno.ENOMEM, mm.mremap(at, PAGE, 3 * PAGE, 0, 0));
    // The hole is filled exactly; what lies behind differs.
    assertEquals(at, mm.mremap(at, PAGE, 2 * PAGE, 0, 0));
  }

  @Test
  void mremapMovesAPartToAFixedPlaceOverWhatIsThere() {
    space.mapAnon(AT, 4 * PAGE, RW, FIXED);
    space.mmu.writeInt(AT + PAGE, 77);
    long to = AT + 0x10_0000;
    space.mapAnon(to, 2 * PAGE, PROT_READ, FIXED);
    assertEquals(to, mm.mremap(AT + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
    assertEquals(77, space.mmu.readInt(to));
    assertEquals(
        "10000000-10001000 rw-p\n10002000-10004000 rw-p\n10100000-10102000 rw-p\n", space.maps());
    assertEquals(1, mm.rss().anon());
    // It keeps its page numbers, so it comes home.
    assertEquals(AT + PAGE, mm.mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT + PAGE));
    assertEquals("10000000-10004000 rw-p\n10101000-10102000 rw-p\n", space.maps());
  }

  @Test
  void mremapChecksItsArguments() {
    space.mapAnon(AT, 2 * PAGE, RW, FIXED);
    assertEquals(-Errno.EINVAL, mm.mremap(AT + 1, PAGE, PAGE, 0, 0));
    assertEquals(-Errno.EINVAL, mm.mremap(AT, PAGE, 0, 0, 0));
    assertEquals(-Errno.EINVAL, mm.mremap(AT, PAGE, PAGE, MREMAP_FIXED, AT));
    assertEquals(-Errno.EINVAL, mm.mremap(AT, PAGE, PAGE, 8, AT));
    assertEquals(-Errno.EFAULT, mm.mremap(AT + 2 * PAGE, PAGE, PAGE, 0, 0));
    assertEquals(-Errno.EFAULT, mm.mremap(AT, 3 * PAGE, 4 * PAGE, 0, 0));
    assertEquals(-Errno.EINVAL, mm.mremap(AT, 0, PAGE, MREMAP_MAYMOVE, 0));
    assertEquals(
        -Errno.EINVAL, mm.mremap(AT, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT + PAGE));
  }

  // ---- madvise ----

  @Test
  void adviceSplitsAndMergesLikeRights() {
    space.mapAnon(AT, 4 * PAGE, RW, FIXED);
    assertEquals(0, mm.madvise(AT + PAGE, PAGE, Madvise.DONTFORK));
    assertEquals(3, mm.areas());
    assertEquals(0, mm.madvise(AT + PAGE, PAGE, Madvise.DOFORK));
    assertEquals(1, mm.areas());
    assertEquals(-Errno.ENOMEM, mm.madvise(AT, 5 * PAGE, Madvise.DONTNEED));
    assertEquals(-Errno.EINVAL, mm.madvise(AT, PAGE, 12345));
    assertEquals(-Errno.EINVAL, mm.madvise(AT + 1, PAGE, Madvise.DONTNEED));
  }

  @Test
  void onlyACurrentKernelKeepsMarkedStacksApart() {
    space.mapAnon(AT, PAGE, RW, FIXED);
    space.mapAnon(AT + PAGE, PAGE, RW, FIXED | MAP_STACK);
    assertEquals(1, mm.areas());
    try (TestSpace compat = TestSpace.boot(Architecture.COMPAT, 64)) {
      compat.mapAnon(AT, PAGE, RW, FIXED);
      compat.mapAnon(AT + PAGE, PAGE, RW, FIXED | MAP_STACK);
      assertEquals(2, compat.mm.areas());
    }
  }

  @Test
  void countersFollowTheKindOfTheArea() {
    space.mapAnon(AT, PAGE, PROT_READ | PROT_EXEC, FIXED);
    space.mapAnon(AT + 0x1_0000, 2 * PAGE, RW, FIXED);
    space.mapAnon(AT + 0x200_0000, 4 * PAGE, RW, FIXED | MAP_GROWSDOWN);
    space.mapAnon(AT + 0x300_0000, 8 * PAGE, PROT_NONE, FIXED);
    assertEquals(15, mm.accounting().totalVm());
    assertEquals(1, mm.accounting().execVm());
    assertEquals(2, mm.accounting().dataVm());
    assertEquals(4, mm.accounting().stackVm());
    assertEquals(6, space.manager.committedMemory().pages());
    mm.munmap(AT, PAGE);
    assertEquals(15, mm.accounting().hiwaterVm());
    mm.mmap(AT, 3 * PAGE, RW, ANON | FIXED | MAP_LOCKED, null, 0);
    assertEquals(3, mm.accounting().lockedVm());
    assertEquals(3, mm.rss().total());
    mm.munmap(AT + PAGE, PAGE);
    assertEquals(2, mm.accounting().lockedVm());
  }
}
