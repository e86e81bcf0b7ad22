package org.memarium.mm.vmalloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;

/**
 * The workloads of Linux's {@code lib/test_vmalloc.c}, each with fewer rounds. They must succeed,
 * and after each the machine is as it was; {@code VmallocBenchmark} measures the same.
 */
final class TestVmallocWorkloadsTest {
  private static final int PAGE = Ram.PAGE_SIZE;
  private static final int ROUNDS = 300;

  private final TestVmalloc test = TestVmalloc.i386();
  private final SplittableRandom random = new SplittableRandom(42);

  private long vmalloc(long bytes) {
    return vmalloc(bytes, 1);
  }

  private long vmalloc(long bytes, long align) {
    long address = test.vmalloc.vmalloc(bytes, align, Gfp.GFP_KERNEL | Gfp.ZERO, 0, "test_vmalloc");
    assertNotEquals(0, address);
    return address;
  }

  /** {@code *((__u8 *)ptr) = 0}. */
  private void touchAndFree(long address) {
    test.kernel.writeByte(address, 0);
    test.vmalloc.vfree(address);
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, test.vmalloc.usedPages());
    test.audit();
    test.close();
  }

  @Test
  void fixSizeAllocTest() {
    for (int i = 0; i < ROUNDS; i++) {
      touchAndFree(vmalloc(3 * PAGE));
    }
  }

  /** The free space is in pieces that fit exactly: FL_FIT. */
  @Test
  void fullFitAllocTest() {
    long[] all = new long[4000];
    for (int i = 0; i < all.length; i++) {
      all[i] = vmalloc(PAGE);
    }
    for (int i = 0; i < all.length; i += 2) {
      test.vmalloc.vfree(all[i]);
    }
    test.vmalloc.vmUnmapAliases();
    for (int i = 0; i < ROUNDS; i++) {
      touchAndFree(vmalloc(PAGE));
    }
    for (int i = 1; i < all.length; i += 2) {
      test.vmalloc.vfree(all[i]);
    }
  }

  @Test
  void longBusyListAllocTest() {
    long[] busy = new long[3000];
    for (int i = 0; i < busy.length; i++) {
      busy[i] = vmalloc(PAGE);
    }
    for (int i = 0; i < ROUNDS; i++) {
      long large = vmalloc(100 * PAGE);
      touchAndFree(vmalloc(PAGE));
      touchAndFree(large);
    }
    for (long address : busy) {
      test.vmalloc.vfree(address);
    }
  }

  @Test
  void randomSizeAllocTest() {
    for (int i = 0; i < ROUNDS; i++) {
      touchAndFree(vmalloc((long) PAGE * (1 + random.nextInt(100))));
    }
  }

  @Test
  void fixAlignAllocTest() {
    for (int i = 0; i < ROUNDS; i++) {
      long address = vmalloc(5 * PAGE, (long) PAGE << 5);
      assertEquals(0, address % ((long) PAGE << 5));
      touchAndFree(address);
    }
  }

  @Test
  void randomSizeAlignAllocTest() {
    for (int i = 0; i < ROUNDS; i++) {
      long align = 1L << random.nextInt(23);
      long address = vmalloc((long) PAGE * (1 + random.nextInt(20)), align);
      assertEquals(0, address & (align - 1));
      touchAndFree(address);
    }
  }

  /** Every alignment that a word can say; those that leave no room fail, as on Linux. */
  @Test
  void alignShiftAllocTest() {
    int given = 0;
    for (int shift = 0; shift < Integer.SIZE; shift++) {
      long address =
          test.vmalloc.vmalloc(PAGE, 1L << shift, Gfp.GFP_KERNEL, 0, "align_shift_alloc_test");
      given += address == 0 ? 0 : 1;
      test.vmalloc.vfree(address);
    }
    // 0xe0000000 is the highest aligned address in the area of 868 MiB: 2^30 and up have none.
    assertEquals(30, given);
  }

  /** Per-CPU memory of 35,000 areas on Linux; the chunks of it here. */
  @Test
  void pcpuAllocTest() {
    long[][] chunks = new long[100][];
    long[] offsets = {0, 64 * PAGE, 160 * PAGE};
    long[] bytes = {16 * PAGE, 32 * PAGE, 8 * PAGE};
    for (int i = 0; i < chunks.length; i++) {
      long[] chunk = test.vmalloc.pcpuGetVmAreas(offsets, bytes, PAGE);
      assertNotEquals(null, chunk);
      chunks[i] = chunk == null ? new long[0] : chunk;
    }
    for (long[] chunk : chunks) {
      test.vmalloc.pcpuFreeVmAreas(chunk);
    }
  }

  /** {@code kvfree_rcu_1_arg}: the caller waits for the grace period, and frees. */
  @Test
  void kvfreeRcuOneArgTest() {
    for (int i = 0; i < ROUNDS; i++) {
      long address = vmalloc(PAGE);
      test.kernel.writeByte(address, 0xaa);
      test.kvmalloc.kvfreeRcuMightsleep(address);
    }
  }

  /** {@code kvfree_rcu_2_arg}: freed by the next grace period, all together. */
  @Test
  void kvfreeRcuTwoArgTest() {
    for (int i = 0; i < ROUNDS; i++) {
      long address = vmalloc(PAGE);
      test.kernel.writeByte(address, 0xaa);
      test.kvmalloc.kvfreeRcu(address);
    }
    assertEquals(ROUNDS, test.vmalloc.usedPages());
    test.slabs.rcu().synchronizeRcu();
  }
}
