package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Scripts of {@code src/test/resources/shell} and what the shell prints for them, errors in their
 * places.
 *
 * <p>Long hexadecimal numbers are replaced by names, in the order in which they appear: which frame
 * an allocator takes is not the shell's affair, that the same one appears again is. With the
 * environment variable MEMARIUM_GOLDEN=write the expected output is written anew.
 */
class GoldenShellTest {
  private static final Path FOLDER = Oracles.HOME.resolve("app/src/test/resources/shell");
  private static final Pattern LONG_HEX = Pattern.compile("0x[0-9a-f]{4,}");

  /** Call sites of a report of the kernel are Java's methods, with their lines. */
  private static final Pattern CALL_TRACE =
      Pattern.compile("(?m)^\\[ *[0-9.]+]  \\w+\\.[\\w$]+:\\d+\\n");

  static Stream<String> scripts() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      List<String> names =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".txt"))
              .sorted()
              .toList();
      return names.stream();
    }
  }

  @ParameterizedTest
  @MethodSource("scripts")
  void theShellPrintsWhatIsExpected(String script) throws IOException {
    String printed = named(run(FOLDER.resolve(script)));
    Path expected = FOLDER.resolve(script.replace(".txt", ".expected"));
    if ("write".equals(System.getenv("MEMARIUM_GOLDEN"))) {
      Files.writeString(expected, printed);
    }
    assertEquals(Files.readString(expected), printed);
  }

  private static String run(Path script) throws IOException {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    WritableByteChannel channel = Channels.newChannel(both);
    StandardStreams streams =
        StandardStreams.of(
            Channels.newChannel(InputStream.nullInputStream()),
            channel,
            channel,
            StandardCharsets.UTF_8);
    Main.execute(
        streams, "shell", "--ram", "64M", "--echo", "--keep-going", "--script", script.toString());
    return both.toString(StandardCharsets.UTF_8)
        .replace(script.toString(), script.getFileName().toString())
        .replace(Oracles.HOME.toString(), "HOME");
  }

  private static String named(String text) {
    Map<String, String> names = new LinkedHashMap<>();
    String withoutSites =
        CALL_TRACE.matcher(text).replaceAll("").replaceAll("from \\w+\\.\\w+:\\d+", "from SITE");
    return LONG_HEX
        .matcher(withoutSites)
        .replaceAll((MatchResult number) ->
            names.computeIfAbsent(number.group(), hex -> "<" + (names.size() + 1) + ">"));
  }
}
