package org.memarium.app;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
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
    try {
      Class<?> signalClass = Class.forName("sun.misc.Signal");
      Class<?> handlerClass = Class.forName("sun.misc.SignalHandler");
      Method number = signalClass.getMethod("getNumber");
      Object handler =
          Proxy.newProxyInstance(
              HostSignals.class.getClassLoader(),
              new Class<?>[] {handlerClass},
              (_, _, arguments) -> {
                machine.interrupt((Integer) number.invoke(arguments[0]));
                input.interrupt();
                return null;
              });
      Method handle = signalClass.getMethod("handle", signalClass, handlerClass);
      for (String name : FORWARDED) {
        handle.invoke(null, signalClass.getConstructor(String.class).newInstance(name), handler);
      }
    } catch (ReflectiveOperationException missing) {
      throw new IllegalStateException("this Java virtual machine has no sun.misc.Signal", missing);
    }
  }
}
