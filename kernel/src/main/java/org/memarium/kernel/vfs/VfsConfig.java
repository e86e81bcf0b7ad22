package org.memarium.kernel.vfs;

import java.nio.file.Path;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.slab.SlabAllocator;

/**
 * What the tree of files is made from.
 *
 * @param root folder of the host that programs see as {@code /}
 * @param writable folders of the host, inside {@code root}, whose changes go through to the host
 * @param overlayBytes most that files in the overlay may hold together; beyond it writes end with
 *     ENOSPC
 * @param seed what {@code /dev/urandom} derives from
 * @param clockNanos the machine's clock: nanoseconds since 1970
 * @param pageCache where the pages of files are kept; null: nowhere, for looking at files without a
 *     machine, and then nothing can be mapped
 * @param slab where dentries, inodes and open files come from; null: nowhere
 */
public record VfsConfig(
    Path root,
    List<Path> writable,
    long overlayBytes,
    long seed,
    LongSupplier clockNanos,
    @Nullable PageCache pageCache,
    @Nullable SlabAllocator slab) {

  private static final long MOST_OVERLAY_BYTES = 1L << 30;

  /**
   * What the overlay may hold unless told otherwise: 1 GiB, or a third of the heap that it lies in
   * where that is less, so that a program that fills it gets ENOSPC and not the heap's end.
   */
  public static long defaultOverlayBytes() {
    return Math.min(MOST_OVERLAY_BYTES, Runtime.getRuntime().maxMemory() / 3);
  }

  /** Copies the list. */
  public VfsConfig {
    writable = List.copyOf(writable);
  }
}
