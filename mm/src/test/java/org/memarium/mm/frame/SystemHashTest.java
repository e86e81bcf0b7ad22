package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SystemHashTest {
  private static final int DENTRY_SCALE = 13;
  private static final int INODE_SCALE = 14;

  /** Low memory as the kernel counts it, in pages, and what it prints at boot, in pages. */
  @ParameterizedTest(name = "{0} pages, buckets of {1} bytes")
  @CsvSource({
    // 128 MiB of i386: 16,384 and 8,192 entries.
    "32382, 4, 16, 8",
    // Its 876 MiB of low memory: 131,072 and 65,536 entries.
    "221756, 4, 128, 64",
    // 8 GiB of x86_64: 1,048,576 and 524,288 entries.
    "2060000, 8, 2048, 1024",
    // 128 GiB: beyond 64 GiB the tables grow half as fast; 8,388,608 and 4,194,304 entries.
    "33030000, 8, 16384, 8192"
  })
  void tablesHaveLinuxsSizes(long pages, int bucketBytes, int dentryPages, int inodePages) {
    SystemHash.Figures figures = new SystemHash.Figures(pages, pages);
    assertEquals(dentryPages, SystemHash.tablePages(figures, DENTRY_SCALE, bucketBytes));
    assertEquals(inodePages, SystemHash.tablePages(figures, INODE_SCALE, bucketBytes));
  }
}
