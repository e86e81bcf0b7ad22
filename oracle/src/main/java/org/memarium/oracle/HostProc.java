package org.memarium.oracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What /proc tells of one of the agent's processes. Its files are opened once, and read as often as
 * is asked for.
 */
final class HostProc implements AutoCloseable {
  private final FileChannel smaps;
  private final FileChannel status;
  private final FileChannel pageMap;
  private final FileChannel memory;
  private final ByteBuffer buffer;

  /**
   * A process that lives.
   *
   * @param buffer what is read passes through it
   */
  HostProc(int pid, ByteBuffer buffer) {
    this.buffer = buffer.order(ByteOrder.LITTLE_ENDIAN);
    try {
      smaps = open(pid, "smaps");
      status = open(pid, "status");
      pageMap = open(pid, "pagemap");
      memory = open(pid, "mem");
    } catch (IOException e) {
      throw gone(e);
    }
  }

  private static FileChannel open(int pid, String name) throws IOException {
    return FileChannel.open(Path.of("/proc/" + pid + "/" + name), StandardOpenOption.READ);
  }

  private static OracleException gone(IOException reason) {
    return new OracleException("the agent's process cannot be looked at: " + reason.getMessage());
  }

  /** {@code smaps}, whole. */
  byte[] smaps() {
    return whole(smaps);
  }

  /** {@code status}, whole. */
  byte[] status() {
    return whole(status);
  }

  private byte[] whole(FileChannel file) {
    buffer.clear();
    try {
      while (file.read(buffer, buffer.position()) > 0) {}
    } catch (IOException e) {
      throw gone(e);
    }
    if (!buffer.hasRemaining()) {
      throw new IllegalStateException("a file of /proc is larger than " + buffer.capacity());
    }
    byte[] bytes = new byte[buffer.position()];
    buffer.get(0, bytes);
    return bytes;
  }

  /** Words of {@code pagemap}, from a page on; 0 where it ends. */
  long[] pageMap(long firstPage, int pages) {
    long[] words = new long[pages];
    buffer.clear().limit(Long.BYTES * pages);
    try {
      while (buffer.hasRemaining()
          && pageMap.read(buffer, Long.BYTES * firstPage + buffer.position()) > 0) {}
    } catch (IOException e) {
      throw gone(e);
    }
    buffer.flip();
    buffer.asLongBuffer().get(words, 0, buffer.limit() / Long.BYTES);
    return words;
  }

  /**
   * Memory, whatever its rights are.
   *
   * @return how many bytes: fewer than asked for where the next page cannot be read by anybody
   */
  int memory(long address, byte[] to, int count) {
    buffer.clear().limit(count);
    try {
      while (buffer.hasRemaining() && memory.read(buffer, address + buffer.position()) > 0) {}
    } catch (IOException notReadable) {
      // What came before is there.
    }
    buffer.get(0, to, 0, buffer.position());
    return buffer.position();
  }

  @Override
  public void close() {
    try {
      smaps.close();
      status.close();
      pageMap.close();
      memory.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
