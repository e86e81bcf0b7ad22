package org.memarium.app;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.memarium.app.ProgramsAgreeWithHostTest.Linked;

/**
 * Whole programs and scripts do in a machine what they do on the host's kernel: standard output,
 * exit status, and the files they leave. A case is a script in {@code src/test/conformance}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConformanceTest {
  private @Nullable ConformanceRoot root;

  @BeforeAll
  void makeRoot() throws IOException {
    root = ConformanceRoot.make(programs());
  }

  /** The C programs of the cases, by folder and name below /cases/bin. */
  static Map<String, Path> programs() throws IOException {
    Map<String, Path> programs = new TreeMap<>();
    for (Linked linked : List.of(Linked.STATIC, Linked.DYNAMIC, Linked.MUSL)) {
      for (String name : List.of("threads", "faulting", "server")) {
        programs.put(linked.name().toLowerCase(Locale.ROOT) + "/" + name, linked.program(name));
      }
    }
    return programs;
  }

  static List<String> cases() throws IOException {
    try (Stream<Path> paths = Files.walk(ConformanceRoot.CASES)) {
      return paths
          .filter(Files::isRegularFile)
          .map(path -> ConformanceRoot.CASES.relativize(path).toString())
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void doesTheSameAsOnTheHost(String name) throws IOException {
    ConformanceRoot root = requireNonNull(this.root);
    ConformanceRoot.Result host = root.onHost(name);
    ConformanceRoot.Result machine = root.inMachine(name);
    assertEquals(host.out(), machine.out(), () -> "standard output; errors: " + machine.err());
    assertEquals(host.status(), machine.status(), () -> "exit status; errors: " + machine.err());
    assertEquals(host.files(), machine.files(), "files");
  }
}
