package org.memarium.malloc.heap;

import org.memarium.hardware.Ram;
import org.memarium.malloc.heap.Snapshot.Area;

/**
 * Recognises musl's allocator, {@code mallocng}, which is not read: its {@code struct
 * malloc_context} begins with a secret, and each of its meta areas, which are pages, with the same.
 *
 * <pre>
 *   0  secret, 8 bytes    8  init_done    36  meta_area_head
 * </pre>
 */
final class Mallocng {
  private static final int INIT_DONE = 8;
  private static final int META_AREA_HEAD = 36;

  private Mallocng() {}

  static boolean isIn(Snapshot memory) {
    for (Area area : memory.areas()) {
      if (area.isPrivateData()) {
        for (long at = area.start(); at < area.end(); at += Ram.PAGE_SIZE) {
          if (memory.hasContent(at) && isInPage(memory, at)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private static boolean isInPage(Snapshot memory, long page) {
    for (long at = page; at < page + Ram.PAGE_SIZE; at += Integer.BYTES) {
      long head = memory.word(at + META_AREA_HEAD);
      if (memory.word(at + INIT_DONE) == 1
          && head > 0
          && head % Ram.PAGE_SIZE == 0
          && memory.word(at) != 0
          && memory.word(at) == memory.word(head)
          && memory.word(at + 4) == memory.word(head + 4)) {
        return true;
      }
    }
    return false;
  }
}
