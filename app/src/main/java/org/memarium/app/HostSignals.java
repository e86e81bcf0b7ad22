package org.memarium.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.IntConsumer;
import org.memarium.kernel.Machine;

/**
 * Passes the signals with which a user ends a program (Ctrl-C, {@code kill}, a closed terminal) on
 * to the machine, so that the program meets them and the report is still printed.
 *
 * <p>One that was ignored when this process started, as {@code nohup} does, stays ignored: the Java
 * virtual machine leaves it alone.
 *
 * <p>Only {@code sun.misc.Signal} tells which signal came. It is supported (module {@code
 * jdk.unsupported}) but cannot be compiled without a warning, hence the reflection.
 */
final class HostSignals {
  /** Names as in signal(7), without SIG. SIGQUIT is the Java virtual machine's own. */
  private static final List<String> FORWARDED = List.of("INT", "TERM", "HUP");

  private HostSignals() {}

  /**
   * From now on forwards to {@code machine}.
   *
   * @param input where the machine may be waiting for bytes when a signal comes
   */
  static void forwardTo(Machine machine, StandardInput input) {
    input.setInterrupted(machine::interruptPending);
    for (String name : FORWARDED) {
      handle(
          name,
          number -> {
            machine.interrupt(number);
            try {
              input.interrupt();
            } catch (IOException closed) {
              throw new UncheckedIOException(closed);
            }
          });
    }
  }

  /** The same, where a thread reads the input and the machine never waits in a read. */
  static void forwardTo(Machine machine) {
    for (String name : FORWARDED) {
      handle(name, machine::interrupt);
    }
  }

  /** From now on does something when a signal comes. */
  static void handle(String name, Runnable action) {
    handle(name, number -> action.run());
  }

  /** From now on does nothing when a signal comes. */
  static void ignore(String name) {
    handle(name, number -> {});
  }

  private static void handle(String name, IntConsumer action) {
    try {
      Class<?> signalClass = Class.forName("sun.misc.Signal");
      Class<?> handlerClass = Class.forName("sun.misc.SignalHandler");
      Method number = signalClass.getMethod("getNumber");
      Object handler =
          Proxy.newProxyInstance(
              HostSignals.class.getClassLoader(),
              new Class<?>[] {handlerClass},
              (_, _, arguments) -> {
                action.accept((Integer) number.invoke(arguments[0]));
                return null;
              });
      signalClass
          .getMethod("handle", signalClass, handlerClass)
          .invoke(null, signalClass.getConstructor(String.class).newInstance(name), handler);
    } catch (ReflectiveOperationException missing) {
      throw new IllegalStateException("this Java virtual machine has no sun.misc.Signal", missing);
    }
  }
}
