package org.memarium.mm.reclaim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.file.TestFile;

final class ReferenceRecorderTest {
  private static final int PAGE = 4096;

  @TempDir Path folder;

  @Test
  void whatWasRecordedIsTheOrderOfUseThroughPageTablesAndByRead() throws IOException {
    Path recording = folder.resolve("pages");
    int[] string = {3, 1, 2, 1, 3, 300, 2};
    try (TestSpace space = TestSpace.i386()) {
      Reclaim reclaim = new Reclaim(space.manager);
      reclaim.identity().setRecentPages(1);
      reclaim.record(recording);
      space.mmu.setAccessListener(Objects.requireNonNull(reclaim.accessListener()));
      TestFile file = TestFile.of(space.pageCache, 301 * PAGE);
      long at = space.mapFile(file, 301 * PAGE, TestSpace.RW, TestSpace.SHARED, 0);
      for (int page : string) {
        if (page <= 2) {
          file.mapping().read((long) page * PAGE, new byte[1], 0, 1);
        } else {
          space.mmu.readByte(at + (long) page * PAGE);
        }
      }
      reclaim.endRecording();
      space.mm.munmap(at, 301 * PAGE);
      file.mapping().evict();
    }
    ReferenceString read = ReferenceString.read(recording);
    for (int i = 0; i < string.length; i++) {
      int number = read.number(42L << Integer.SIZE | string[i]);
      assertEquals(i, read.nextUse(number));
      read.use(number);
    }
    assertEquals(ReferenceString.NEVER, read.nextUse(read.number(42L << Integer.SIZE | 300)));
    assertEquals(-1, read.number(42L << Integer.SIZE | 4));
    ReferenceString again = read.fromItsBeginning();
    assertEquals(0, again.nextUse(again.number(42L << Integer.SIZE | 3)));
  }

  @Test
  void aFileThatIsNoRecordingIsRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "no recording");
    assertThrows(IOException.class, () -> PolicyChoice.optimum(text));
    assertThrows(IOException.class, () -> PolicyChoice.optimum(folder.resolve("missing")));
    assertThrows(IOException.class, () -> PolicyChoice.optimum(zipped("short", new byte[4])));
    byte[] unnamed = {'M', 'E', 'M', 'P', 'A', 'G', 'E', 'S', 0, 0, 0, 1, 5};
    assertThrows(IOException.class, () -> PolicyChoice.optimum(zipped("unnamed", unnamed)));
    byte[] unended = {'M', 'E', 'M', 'P', 'A', 'G', 'E', 'S', 0, 0, 0, 1};
    assertThrows(IOException.class, () -> PolicyChoice.optimum(zipped("unended", unended)));
    byte[] digits = {'M', 'E', 'M', 'P', 'A', 'G', 'E', 'S', 0, 0, 0, 1, -1, -1, -1, -1, -1, -1};
    assertThrows(IOException.class, () -> PolicyChoice.optimum(zipped("digits", digits)));
  }

  private Path zipped(String name, byte[] content) throws IOException {
    Path file = folder.resolve(name);
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(content);
    }
    return file;
  }
}
