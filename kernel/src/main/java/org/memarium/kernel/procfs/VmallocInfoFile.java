package org.memarium.kernel.procfs;

import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.vmalloc.VmStruct;
import org.memarium.mm.vmalloc.VmallocInfo;

/** {@code /proc/vmallocinfo}: a line for each area; Linux {@code mm/vmalloc.c}, {@code s_show}. */
final class VmallocInfoFile {

  private VmallocInfoFile() {}

  static String of(SystemView system) {
    // Physical addresses beyond 4 GiB need 64 bits, as they do with PAE.
    PageTableFormat format = system.memory().kernelPageTable().format();
    int physicalDigits = format == PageTableFormat.TWO_LEVEL ? 8 : 16;
    int addressDigits = 2 * system.wordBytes();
    StringBuilder out = new StringBuilder();
    for (VmallocInfo area : system.vmalloc().info()) {
      address(out, "0x", area.start(), addressDigits);
      address(out, "-0x", area.end(), addressDigits);
      out.append(' ');
      Text.right(out, area.bytes(), 7);
      switch (area.kind()) {
        case AREA -> describe(out, area, physicalDigits);
        case VM_MAP_RAM -> out.append(" vm_map_ram");
        case UNPURGED -> out.append(" unpurged vm_area");
      }
      out.append('\n');
    }
    return out.toString();
  }

  private static void describe(StringBuilder out, VmallocInfo area, int physicalDigits) {
    if (area.caller() != null) {
      out.append(' ').append(area.caller());
    }
    if (area.pages() != 0) {
      out.append(" pages=").append(area.pages());
    }
    if (area.physicalAddress() != 0) {
      address(out, " phys=0x", area.physicalAddress(), physicalDigits);
    }
    out.append(area.has(VmStruct.IOREMAP) ? " ioremap" : "");
    out.append(area.has(VmStruct.ALLOC) ? " vmalloc" : "");
    out.append(area.has(VmStruct.MAP) ? " vmap" : "");
    out.append(area.has(VmStruct.USERMAP) ? " user" : "");
    out.append(area.vpages() ? " vpages" : "");
  }

  private static void address(StringBuilder out, String before, long address, int digits) {
    out.append(before);
    Text.hex(out, address, digits);
  }
}
