package org.memarium.app;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * This process's standard input, of which a waiting read can be interrupted, as a signal interrupts
 * {@code read(2)}.
 *
 * <p>Java ends a waiting read only by closing its file. So where reading may wait, a terminal or a
 * pipe, the file is opened once more and read through that: it is closed by {@link #interrupt}, and
 * opened again by the next read. Descriptor 0 stays as it is.
 */
final class StandardInput implements ReadableByteChannel {
  private static final Path SELF = Path.of("/proc/self/fd/0");

  private final FileChannel descriptor = new FileInputStream(FileDescriptor.in).getChannel();
  private final boolean mayWait;
  private volatile BooleanSupplier isInterrupted = () -> false;
  private volatile boolean reading;
  private volatile @Nullable FileChannel again;

  /** With {@code isTerminal}, whether it is one. */
  StandardInput(boolean isTerminal) {
    mayWait = isTerminal || isPipe();
  }

  /** Only one without a name: opening a named one waits for whoever writes. */
  private static boolean isPipe() {
    try {
      return Files.readSymbolicLink(SELF).toString().startsWith("pipe:");
    } catch (IOException noSuchDescriptor) {
      return false;
    }
  }

  /**
   * Says whether a signal came that the reader does not know of yet; it is asked before each wait,
   * so that one that comes first is not waited over.
   */
  void setInterrupted(BooleanSupplier signalPending) {
    isInterrupted = signalPending;
  }

  /** Ends a waiting read, if there is one; from any thread, after the signal was made known. */
  void interrupt() throws IOException {
    FileChannel waiting = again;
    if (reading && waiting != null) {
      waiting.close();
    }
  }

  /**
   * Reads, waiting for at least one byte.
   *
   * @throws InterruptedIOException with Linux's words for EINTR, if a signal came while it waited
   */
  @Override
  public int read(ByteBuffer to) throws IOException {
    FileChannel channel = mayWait ? opened() : descriptor;
    reading = true;
    try {
      if (isInterrupted.getAsBoolean()) {
        throw new InterruptedIOException("Interrupted system call");
      }
      return channel.read(to);
    } catch (ClosedChannelException byInterrupt) {
      InterruptedIOException interrupted = new InterruptedIOException("Interrupted system call");
      interrupted.initCause(byInterrupt);
      throw interrupted;
    } finally {
      reading = false;
    }
  }

  /** Falls back to descriptor 0, which cannot be interrupted, where the file may not be opened. */
  private FileChannel opened() {
    FileChannel channel = again;
    if (channel != null && channel.isOpen()) {
      return channel;
    }
    try {
      channel = FileChannel.open(SELF, StandardOpenOption.READ);
    } catch (IOException refused) {
      return descriptor;
    }
    again = channel;
    return channel;
  }

  @Override
  public boolean isOpen() {
    return descriptor.isOpen();
  }

  @Override
  public void close() throws IOException {
    FileChannel channel = again;
    if (channel != null) {
      channel.close();
    }
    descriptor.close();
  }
}
