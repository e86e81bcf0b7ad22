package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

class TraceFileTest {
  private static final String LINES =
      """
      {"seq":1,"ns":40,"event":"mm_page_alloc","pfn":-1,"order":3,"gfp_flags":42}
      {"seq":2,"ns":40,"event":"page_fault","address":4294963200,"error_code":6,"kind":"a \\"name\\"","pfn":7}
      """;

  @TempDir private Path folder = Path.of("");
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private void write(String name, boolean toTheEnd) {
    WritableByteChannel channel = Channels.newChannel(out);
    try (TraceFile file = TraceFile.open(name, channel)) {
      Trace trace = new Trace();
      trace.setClock(() -> 40);
      trace.listen(file);
      trace.emit(new TraceEvent.MmPageAlloc(-1, 3, 42));
      trace.emit(new TraceEvent.PageFault(0xffff_f000L, 6, "a \"name\"", 7));
      if (toTheEnd) {
        file.whole();
      }
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void eachEventIsALineWithLinuxNames() throws IOException {
    Path file = folder.resolve("trace");
    write(file.toString(), true);
    assertEquals(LINES, Files.readString(file));
    assertEquals(List.of("trace"), files());
  }

  @Test
  void aTraceThatWasNotFinishedLeavesNothing() throws IOException {
    Path file = folder.resolve("trace");
    write(file.toString(), false);
    assertEquals(List.of(), files());
  }

  @Test
  void anOldTraceIsReplacedOnlyByAWholeOne() throws IOException {
    Path file = Files.writeString(folder.resolve("trace"), "old");
    write(file.toString(), false);
    assertEquals("old", Files.readString(file));
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    write(link.toString(), true);
    assertTrue(Files.isSymbolicLink(link));
    assertEquals(LINES, Files.readString(file));
  }

  @Test
  void everyEventCanBeWritten() throws ReflectiveOperationException {
    Trace trace = new Trace();
    try (TraceFile file = TraceFile.open("-", Channels.newChannel(out))) {
      trace.listen(file);
      for (Class<?> event : TraceEvent.class.getPermittedSubclasses()) {
        Constructor<?> constructor = event.getDeclaredConstructors()[0];
        List<Object> values = new ArrayList<>();
        for (Class<?> type : constructor.getParameterTypes()) {
          values.add(type == String.class ? "" : type == boolean.class ? (Object) true : (byte) 7);
        }
        trace.emit((TraceEvent) constructor.newInstance(values.toArray()));
      }
      file.whole();
    }
    String lines = out.toString(StandardCharsets.UTF_8);
    assertEquals(TraceEvent.class.getPermittedSubclasses().length, lines.lines().count());
    assertTrue(
        lines.contains("\"event\":\"sched_switch\",\"previous_pid\":7,\"next_pid\":7}"), lines);
  }

  @Test
  void aDashIsStandardOutput() {
    write("-", true);
    assertEquals(LINES, out.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aDeviceIsWrittenAsItIs() throws IOException {
    write("/dev/null", true);
    assertTrue(Files.exists(Path.of("/dev/null")) && !Files.isRegularFile(Path.of("/dev/null")));
  }

  @Test
  void aFullDiskIsToldInOneLine() {
    UsageException full = assertThrows(UsageException.class, () -> write("/dev/full", true));
    assertEquals("cannot write the trace to /dev/full: No space left on device", full.getMessage());
  }
}
