package org.memarium.kernel;

import org.memarium.cpu.Cpu;
import org.memarium.hardware.PageFaultCode;
import org.memarium.mm.fault.FaultResult;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.space.Vma;

/**
 * Says in a few words what was wrong with an access: {@code write to 0x00000000, no area there}.
 */
final class FaultDescription {
  private FaultDescription() {}

  static String of(MmStruct mm, long address, int errorCode, Cpu cpu, FaultResult result) {
    return "%s 0x%08x, %s"
        .formatted(access(address, errorCode, cpu), address, place(mm, address, cpu, result));
  }

  private static String access(long address, int errorCode, Cpu cpu) {
    if ((errorCode & PageFaultCode.WRITE) != 0) {
      return "write to";
    }
    boolean fetch =
        (errorCode & PageFaultCode.INSTRUCTION) != 0
            || address == Integer.toUnsignedLong(cpu.eip());
    return fetch ? "execution at" : "read from";
  }

  private static String place(MmStruct mm, long address, Cpu cpu, FaultResult result) {
    if (address >= mm.layout().taskSize()) {
      return "an address of the kernel";
    }
    Vma area = mm.findVma(address);
    if (area == null || !area.contains(address)) {
      boolean belowStack =
          area != null
              && mm.stack().isStack(area)
              && address >= Integer.toUnsignedLong(cpu.register(Cpu.ESP)) - 65_536;
      return belowStack
          ? "below the stack, which may have %d bytes".formatted(mm.limits().soft(RLimits.STACK))
          : "no area there";
    }
    String name = AreaName.of(mm, area);
    String text = "area %s%s".formatted(area.rights(), name.isEmpty() ? "" : " " + name);
    return result == FaultResult.SIGBUS ? "beyond the end of the file in " + text : text;
  }
}
