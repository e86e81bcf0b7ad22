package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.CostModel;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VmStatItem;

/** Who runs while a task waits for a device, and while kswapd works. */
final class WaitingForDevicesTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private String program = "";
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @BeforeEach
  void compile() {
    program = HostPrograms.compile(folder, "beside.c", "-static").toString();
  }

  private Machine run(CostModel costs, String... arguments) {
    out.reset();
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(List.of(arguments));
    Machine machine =
        machines.boot(config ->
            config
                .ramBytes(12L << 20)
                .swap(SwapArea.temporary(64L << 20))
                .costs(costs)
                .standardOutput(Channels.newChannel(out)));
    machine.exec(program, command, List.of());
    machine.run();
    return machine;
  }

  private static long idleNanos(Machine machine) {
    return machine.memory().trace().time().waitedNanos(IoWait.SWAP_READ);
  }

  private static long count(Machine machine, VmStatItem item) {
    return machine.memory().vmStat().get(item);
  }

  @Test
  void othersRunWhileATaskWaitsForItsPage() {
    Machine alone = run(CostModel.DEFAULT, "14");
    String sum = out.toString(StandardCharsets.UTF_8);
    long idleAlone = idleNanos(alone);
    Machine beside = run(CostModel.DEFAULT, "14", "spin");
    assertEquals(sum, out.toString(StandardCharsets.UTF_8));
    assertTrue(count(beside, VmStatItem.PGMAJFAULT) > 100, "it did not thrash");
    assertTrue(
        idleNanos(beside) * 20 < idleAlone,
        () ->
            "idle for %d ns beside another task, for %d alone"
                .formatted(idleNanos(beside), idleAlone));
  }

  @Test
  void aProgramThatOutrunsKswapdReclaimsForItself() {
    Machine slow = run(CostModel.DEFAULT.with(Cost.PAGEOUT, 50_000_000), "14");
    assertTrue(count(slow, VmStatItem.PGSCAN_DIRECT) > 0, "nobody reclaimed for himself");
    assertTrue(
        count(slow, VmStatItem.PGSTEAL_KSWAPD) > count(slow, VmStatItem.PGSTEAL_DIRECT),
        "kswapd did less than the program");
  }
}
