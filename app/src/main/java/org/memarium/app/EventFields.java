package org.memarium.app;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.util.Locale;
import org.memarium.mm.trace.TraceEvent;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.io.SerializedString;

/** How events of one class are written: its name and fields, spelled as Linux spells them. */
final class EventFields {
  private static final MethodType NUMBER = MethodType.methodType(long.class, TraceEvent.class);
  private static final MethodType TRUTH = MethodType.methodType(boolean.class, TraceEvent.class);
  private static final MethodType TEXT = MethodType.methodType(String.class, TraceEvent.class);

  private final SerializedString event;
  private final SerializedString[] names;
  private final MethodHandle[] getters;

  /** Learns the shape of {@code sample}, which all events of its class have. */
  EventFields(TraceEvent sample) {
    RecordComponent[] components = sample.getClass().getRecordComponents();
    event = new SerializedString(sample.name());
    names = new SerializedString[components.length];
    getters = new MethodHandle[components.length];
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      names[i] = new SerializedString(linuxName(component.getName()));
      try {
        getters[i] =
            MethodHandles.publicLookup()
                .unreflect(component.getAccessor())
                .asType(shape(component.getType()));
      } catch (IllegalAccessException closed) {
        throw new IllegalStateException("a trace event hides its fields: " + component, closed);
      }
    }
  }

  private static MethodType shape(Class<?> type) {
    return type == String.class ? TEXT : type == boolean.class ? TRUTH : NUMBER;
  }

  /** {@code errorCode} is {@code error_code} to Linux. */
  private static String linuxName(String javaName) {
    return javaName.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  SerializedString event() {
    return event;
  }

  /** Writes the fields of an event of this class into the object that {@code json} has open. */
  void write(TraceEvent values, JsonGenerator json) {
    for (int i = 0; i < names.length; i++) {
      json.writeName(names[i]);
      MethodHandle getter = getters[i];
      try {
        if (getter.type().returnType() == long.class) {
          json.writeNumber((long) getter.invokeExact(values));
        } else if (getter.type().returnType() == boolean.class) {
          json.writeBoolean((boolean) getter.invokeExact(values));
        } else {
          json.writeString((String) getter.invokeExact(values));
        }
      } catch (RuntimeException | Error failed) {
        throw failed;
      } catch (Throwable checked) {
        throw new IllegalStateException("the getter of a record threw", checked);
      }
    }
  }
}
