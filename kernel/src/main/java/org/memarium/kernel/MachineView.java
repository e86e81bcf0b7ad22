package org.memarium.kernel;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UtsName;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.procfs.ProcessView;
import org.memarium.kernel.procfs.SystemView;
import org.memarium.mm.space.MemoryManager;

/** What {@code /proc} tells of a machine. */
record MachineView(
    Task task, UtsName uname, int wordBytes, MemoryManager memory, VirtualClock clock)
    implements SystemView {
  @Override
  public List<? extends ProcessView> processes() {
    return List.of(task);
  }

  @Override
  public @Nullable ProcessView current() {
    return task;
  }

  @Override
  public String osType() {
    return uname.sysname();
  }

  @Override
  public String osRelease() {
    return uname.release();
  }

  @Override
  public String version() {
    return uname.version();
  }

  @Override
  public String hostName() {
    return uname.nodename();
  }

  @Override
  public long uptimeNanos() {
    return clock.uptimeNanos();
  }

  @Override
  public long bootTimeNanos() {
    return clock.bootTimeNanos();
  }
}
