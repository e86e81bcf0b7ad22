package org.memarium.hardware;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** RAM: what it costs, what it holds, who is told. */
class RamTest {
  private static final Path STATUS = Path.of("/proc/self/status");

  @Test
  void sixtyFourGibibytesCostWhatIsTouched() throws IOException {
    assumeTrue(Files.isReadable(STATUS), "no /proc/self/status on this host");
    long before = residentKibibytes();
    try (Ram ram = Ram.reserve(64L << 30)) {
      long frames = 256;
      for (long i = 0; i < frames; i++) {
        ram.putByte(i * (ram.bytes() / frames), (byte) 1);
      }
      long grown = residentKibibytes() - before;
      // The touched frames, the code watch (2 MiB) and whatever else the JVM did meanwhile; huge
      // pages of the host would make it 512 MiB, all of RAM would be 64 GiB.
      assertTrue(grown < 1 << 20, () -> "grew by " + grown + " KiB");
    }
  }

  private static long residentKibibytes() throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IllegalStateException("no VmRSS in " + STATUS);
  }

  @Test
  void readsAsZeroesAtFirst() {
    try (Ram ram = Ram.reserve(1 << 20)) {
      for (long at = 0; at < ram.bytes(); at += 8) {
        assertEquals(0, ram.getLong(at));
      }
      assertEquals(256, ram.frames());
    }
  }

  @Test
  void valuesAreLittleEndianAtAnyAlignment() {
    try (Ram ram = Ram.reserve(2 * Ram.PAGE_SIZE)) {
      for (int shift = 0; shift < 8; shift++) {
        long at = Ram.PAGE_SIZE - 4L + shift;
        ram.putLong(at, 0x0807_0605_0403_0201L);
        assertEquals(0x0201, ram.getShort(at));
        assertEquals(0x0403_0201, ram.getInt(at));
        for (int i = 0; i < 8; i++) {
          assertEquals(i + 1, ram.getByte(at + i));
        }
        ram.putByte(at, (byte) 0x80);
        assertEquals(-128, ram.getByte(at));
        ram.putShort(at + 1, (short) 0xfffe);
        ram.putInt(at + 3, 0x7fff_ffff);
        assertEquals(0x087f_ffff_ffff_fe80L, ram.getLong(at));
      }
    }
  }

  @Test
  void addressesOutsideAreRefused() {
    try (Ram ram = Ram.reserve(Ram.PAGE_SIZE)) {
      assertThrows(IndexOutOfBoundsException.class, () -> ram.getByte(Ram.PAGE_SIZE));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.getByte(-1));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.getInt(Ram.PAGE_SIZE - 3));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.putLong(Ram.PAGE_SIZE - 7, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.zeroFrame(1));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.copyFrame(0, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.fill(4000, 97, (byte) 1));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.write(4090, new byte[8], 0, 8));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.read(4090, new byte[8], 0, 8));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.window(4096, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> ram.getByte(1L << 32));
    }
  }

  @Test
  void badSizesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Ram.reserve(0));
    assertThrows(IllegalArgumentException.class, () -> Ram.reserve(-4096));
    assertThrows(IllegalArgumentException.class, () -> Ram.reserve(4097));
  }

  @Test
  void moreThanTheHostCanReserveIsOneClearLine() {
    OutOfMemoryError refused = assertThrows(OutOfMemoryError.class, () -> Ram.reserve(1L << 60));
    String line = String.valueOf(refused.getMessage());
    assertTrue(line.contains("cannot reserve"), line);
    assertEquals(1, line.lines().count());
  }

  @Test
  void closedRamCannotBeReached() {
    Ram ram = Ram.reserve(Ram.PAGE_SIZE);
    ram.close();
    assertThrows(IllegalStateException.class, () -> ram.getByte(0));
    assertThrows(IllegalStateException.class, () -> ram.putInt(0, 1));
  }

  @Test
  void bulkCopiesMoveBytes() {
    try (Ram ram = Ram.reserve(4 * Ram.PAGE_SIZE)) {
      ram.write(10, new byte[] {9, 1, 2, 3, 4, 9}, 1, 4);
      ram.copy(10, 12, 4);
      byte[] read = new byte[8];
      ram.read(10, read, 1, 6);
      assertArrayEquals(new byte[] {0, 1, 2, 1, 2, 3, 4, 0}, read);
      ram.copyFrame(0, 3);
      assertEquals(ram.getInt(12), ram.getInt(3 * Ram.PAGE_SIZE + 12));
      ram.fill(3 * Ram.PAGE_SIZE, 100, (byte) 7);
      assertEquals(0x0707_0707, ram.getInt(3 * Ram.PAGE_SIZE + 96));
      assertEquals(0, ram.getInt(3 * Ram.PAGE_SIZE + 100));
      ram.zeroFrame(3);
      assertEquals(0, ram.getLong(3 * Ram.PAGE_SIZE));
      ByteBuffer window = ram.window(12, 4);
      assertEquals(ram.getInt(12), window.getInt(0));
      window.putInt(0, 0x1234_5678);
      assertEquals(0x1234_5678, ram.getInt(12));
      assertEquals(4, window.capacity());
    }
  }

  @Test
  void bulkWritesToWatchedFramesAreReportedFrameByFrame() {
    try (Ram ram = Ram.reserve(128 * Ram.PAGE_SIZE)) {
      List<String> told = new ArrayList<>();
      ram.setCodeListener((at, bytes) -> told.add("%x+%d".formatted(at, bytes)));
      ram.watchCode(65);
      ram.watchCode(66);
      assertTrue(ram.isCodeWatched(65));
      assertFalse(ram.isCodeWatched(1));
      ram.fill(0x40ff0, 0x1100, (byte) 0);
      assertEquals(List.of("41000+4096", "42000+240"), told);
      told.clear();
      ram.write(0x41ffe, new byte[4], 0, 4);
      assertEquals(List.of("41ffe+2", "42000+2"), told);
      told.clear();
      ram.unwatchCode(65);
      ram.copy(0, 0x41ffe, 4);
      assertEquals(List.of("42000+2"), told);
      told.clear();
      ram.copyFrame(66, 3);
      ram.putInt(0x42000, 1);
      byte[] unused = new byte[16];
      ram.read(0x42000, unused, 0, 16);
      assertEquals(List.of(), told);
      ram.window(0x42010, 8);
      ram.zeroFrame(66);
      ram.copyFrame(3, 66);
      assertEquals(List.of("42010+8", "42000+4096", "42000+4096"), told);
    }
  }
}
