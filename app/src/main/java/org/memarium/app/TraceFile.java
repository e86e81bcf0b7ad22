package org.memarium.app;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.TraceListener;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.io.SerializedString;
import tools.jackson.core.json.JsonFactory;

/**
 * {@code --trace FILE}: every event of {@link Trace} as one line of JSON, such as
 *
 * <pre>{@code
 * {"seq":7,"ns":1042,"event":"page_fault","address":134516736,"error_code":20,"kind":"file","pfn":913}
 * }</pre>
 *
 * <p>A file is whole or absent: it is written aside and renamed by {@link #whole}. A pipe, a device
 * or standard output gets the lines as they come.
 */
final class TraceFile implements AutoCloseable, TraceListener {
  private static final SerializedString SEQ = new SerializedString("seq");
  private static final SerializedString NS = new SerializedString("ns");
  private static final SerializedString EVENT = new SerializedString("event");

  private final Map<Class<?>, EventFields> fieldsOf = new HashMap<>();
  private final String name;
  private final JsonGenerator json;
  private final @Nullable Path file;
  private final @Nullable Path aside;

  private TraceFile(String name, OutputStream stream, @Nullable Path file, @Nullable Path aside) {
    this.name = name;
    this.file = file;
    this.aside = aside;
    json =
        JsonFactory.builder()
            .rootValueSeparator("\n")
            .build()
            .createGenerator(ObjectWriteContext.empty(), stream);
  }

  /**
   * Opens a trace.
   *
   * @param name as the user wrote it; {@code -} is {@code out}
   * @param out the program's standard output
   * @throws UsageException if it cannot be written
   */
  static TraceFile open(String name, WritableByteChannel out) {
    if (name.equals("-")) {
      return new TraceFile(name, Channels.newOutputStream(out), null, null);
    }
    Path file = Path.of(name);
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        return new TraceFile(name, Files.newOutputStream(file), null, null);
      }
      // Links are followed first: it is the file that is replaced, not the link to it.
      Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
      Path aside = Files.createTempFile(target.getParent(), target.getFileName() + ".", ".part");
      return new TraceFile(name, Files.newOutputStream(aside), target, aside);
    } catch (IOException cannotOpen) {
      throw unwritable(name, cannotOpen);
    }
  }

  @Override
  public void event(long sequence, long virtualNanos, TraceEvent event) {
    EventFields fields = fieldsOf.get(event.getClass());
    if (fields == null) {
      fields = new EventFields(event);
      fieldsOf.put(event.getClass(), fields);
    }
    try {
      json.writeStartObject();
      json.writeName(SEQ);
      json.writeNumber(sequence);
      json.writeName(NS);
      json.writeNumber(virtualNanos);
      json.writeName(EVENT);
      json.writeString(fields.event());
      fields.write(event, json);
      json.writeEndObject();
    } catch (JacksonException cannotWrite) {
      throw unwritable(name, cannotWrite);
    }
  }

  /** The last event was written: the file gets its name. */
  void whole() {
    try {
      json.writeRaw('\n');
      json.flush();
      if (file != null && aside != null) {
        json.close();
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException | JacksonException cannotWrite) {
      throw unwritable(name, cannotWrite);
    }
  }

  /** Gives up what is not {@link #whole}. */
  @Override
  public void close() {
    try {
      if (aside != null) {
        json.close();
        Files.deleteIfExists(aside);
      }
    } catch (IOException | JacksonException cannotWrite) {
      throw unwritable(name, cannotWrite);
    }
  }

  private static UsageException unwritable(String name, Exception reason) {
    Throwable cause = reason.getCause() instanceof IOException io ? io : reason;
    return new UsageException(
        "cannot write the trace to %s: %s".formatted(name, HostError.of(cause)));
  }
}
