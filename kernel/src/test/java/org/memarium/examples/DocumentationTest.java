package org.memarium.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The documentation of the embedder's package is made, with its examples in it. */
class DocumentationTest {
  @Test
  void javadocFindsEveryExample(@TempDir Path folder) throws Exception {
    ToolProvider javadoc = ToolProvider.findFirst("javadoc").orElseThrow();
    StringWriter messages = new StringWriter();
    PrintWriter out = new PrintWriter(messages);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-quiet",
                "-Xdoclint:all,-missing",
                "-Werror",
                "--snippet-path",
                "src/test/java",
                "-d",
                folder.toString(),
                "-classpath",
                System.getProperty("java.class.path")));
    // File by file: of a source path javadoc would want the module, and the modules below it.
    try (Stream<Path> files = Files.list(Path.of("src/main/java/org/memarium/kernel"))) {
      files.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(arguments::add);
    }
    int status = javadoc.run(out, out, arguments.toArray(String[]::new));
    assertEquals(0, status, messages.toString());
    String page = Files.readString(folder.resolve("org/memarium/kernel/package-summary.html"));
    assertTrue(page.contains("kmemCacheCreate"), "the example of slabs is not in " + page);
  }
}
