package org.memarium.app;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the command inside this process. */
final class MachineRun {
  private MachineRun() {}

  /** {@code memarium ARGUMENTS}. */
  static Ended command(Path input, String... arguments) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (FileChannel in = FileChannel.open(input)) {
      StandardStreams streams =
          StandardStreams.of(
              in, Channels.newChannel(out), Channels.newChannel(err), StandardCharsets.UTF_8);
      int status = Main.execute(streams, arguments);
      return new Ended(status, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }
  }

  static Ended command(String... arguments) throws IOException {
    return command(Path.of("/dev/null"), arguments);
  }

  /** {@code memarium run --layout compat PROGRAM}, to be compared with {@link HostRun#of}. */
  static Ended compat(Path input, List<String> program) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("run", "--layout", "compat", "--check"));
    arguments.addAll(program);
    return command(input, arguments.toArray(String[]::new));
  }
}
