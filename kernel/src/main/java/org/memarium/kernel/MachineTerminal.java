package org.memarium.kernel;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.ExternalSignals;
import org.memarium.kernel.tty.HostTerminal;
import org.memarium.kernel.vfs.Vfs;

/**
 * The terminal that a machine's standard input may be, for who sits before it. Each method may be
 * called from any thread; what it brings reaches the machine between two instructions, and nobody
 * where standard input is no terminal.
 */
public final class MachineTerminal {
  private final Vfs vfs;
  private final ExternalSignals external;

  MachineTerminal(Vfs vfs, ExternalSignals external) {
    this.vfs = vfs;
    this.external = external;
  }

  /** These bytes were typed. */
  public void typed(byte[] bytes) {
    byte[] own = bytes.clone();
    external.post(() -> onTerminal(terminal -> terminal.typed(own)));
  }

  /** It has another size. */
  public void resize(int rows, int columns) {
    external.post(() -> onTerminal(terminal -> terminal.tty().setSize(rows, columns)));
  }

  /**
   * Somebody sits at it: sleeps take their time, where otherwise they pass at once.
   *
   * @param hostNanos the host's clock; null: nobody is there any more
   */
  public void setWatched(@Nullable LongSupplier hostNanos) {
    external.setWatched(hostNanos);
  }

  /** Nobody types any more: the terminal is gone. */
  public void hangUp() {
    external.post(() -> onTerminal(HostTerminal::hangUp));
  }

  private void onTerminal(Consumer<HostTerminal> event) {
    HostTerminal terminal = vfs.terminal();
    if (terminal != null) {
      event.accept(terminal);
    }
  }
}
