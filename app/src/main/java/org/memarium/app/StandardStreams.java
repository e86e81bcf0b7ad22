package org.memarium.app;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Help.Ansi;

/**
 * Where a command reads and writes: the process's own streams, or buffers in a test.
 *
 * @param in the program's standard input
 * @param out the program's standard output
 * @param err the program's standard error
 * @param messagesOut what the command itself was asked to print, such as help; to {@code out}
 * @param messages what the command itself has to say; to {@code err}
 * @param terminals whether {@code in}, {@code out} and {@code err} are terminals
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared as a whole.
record StandardStreams(
    ReadableByteChannel in,
    WritableByteChannel out,
    WritableByteChannel err,
    PrintWriter messagesOut,
    PrintWriter messages,
    boolean[] terminals) {

  /** The streams that this process was started with. */
  static StandardStreams ofProcess() {
    boolean[] terminals = new boolean[3];
    for (int fd = 0; fd < terminals.length; fd++) {
      terminals[fd] = isTerminal(fd);
    }
    return of(
        new StandardInput(terminals[0]),
        new FileOutputStream(FileDescriptor.out).getChannel(),
        new FileOutputStream(FileDescriptor.err).getChannel(),
        Charset.defaultCharset(),
        terminals);
  }

  /** Streams over any channels, for a command inside another process, such as a test. */
  static StandardStreams of(
      ReadableByteChannel in, WritableByteChannel out, WritableByteChannel err, Charset charset) {
    return of(in, out, err, charset, new boolean[3]);
  }

  private static StandardStreams of(
      ReadableByteChannel in,
      WritableByteChannel out,
      WritableByteChannel err,
      Charset charset,
      boolean[] terminals) {
    return new StandardStreams(in, out, err, writer(out, charset), writer(err, charset), terminals);
  }

  private static PrintWriter writer(WritableByteChannel channel, Charset charset) {
    return new PrintWriter(new OutputStreamWriter(Channels.newOutputStream(channel), charset));
  }

  /** Whether messages may have colour: only where somebody looks at them. */
  Ansi ansi() {
    return terminals[1] && terminals[2] ? Ansi.AUTO : Ansi.OFF;
  }

  /** Linux names a terminal's file in /proc; elsewhere nothing is known to be one. */
  private static boolean isTerminal(int fd) {
    try {
      Path file = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd));
      return file.startsWith("/dev/pts")
          || file.toString().startsWith("/dev/tty")
          || file.equals(Path.of("/dev/console"));
    } catch (IOException noSuchDescriptor) {
      return false;
    }
  }
}
