package org.memarium.cpu;

import java.util.HexFormat;
import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;

/**
 * A processor with flat segments and two-level page tables, and nothing else: tests map pages and
 * write code in bytes.
 *
 * <pre>
 *   frame 0   GDT: null, user code (selector 0B), user data (13), then what a test adds
 *   frame 1   page directory
 *   frame 2.. page tables and pages, in the order of their making
 * </pre>
 */
final class UserMachine implements AutoCloseable {
  static final int CODE = 0x0b;
  static final int DATA = 0x13;

  /** Where {@link #code} puts programs, and the top of the stack. */
  static final int TEXT = 0x0804_8000;

  static final int STACK_TOP = 0x0900_0000;

  final Ram ram = Ram.reserve(64 << 20);
  final Mmu mmu = new Mmu(ram, PageTableFormat.TWO_LEVEL, 64, 4);
  final Segmentation segmentation = new Segmentation();
  final DescriptorTable gdt = new DescriptorTable(ram, 0, 16);
  final Cpu cpu;
  private int nextPfn = 2;

  UserMachine() {
    this(CpuModel.I686);
  }

  UserMachine(CpuModel model) {
    gdt.set(1, SegmentDescriptor.flat(true, 3));
    gdt.set(2, SegmentDescriptor.flat(false, 3));
    segmentation.setGdt(gdt);
    segmentation.force(Segmentation.CS, CODE);
    for (int register : new int[] {Segmentation.SS, Segmentation.DS, Segmentation.ES}) {
      segmentation.force(register, DATA);
    }
    mmu.loadCr3(1L << Ram.PAGE_SHIFT);
    cpu = new Cpu(mmu, segmentation, model);
    map(STACK_TOP - 0x4000, 4);
    cpu.setRegister(Cpu.ESP, STACK_TOP);
    cpu.setEip(TEXT);
  }

  /** Maps fresh pages, writable. */
  void map(int linear, int pages) {
    for (int page = 0; page < pages; page++) {
      mapTo(linear + (page << Ram.PAGE_SHIFT), newFrame(), true);
    }
  }

  int newFrame() {
    return nextPfn++;
  }

  /** Maps one page to a frame; the TLB is told. */
  void mapTo(int linear, int pfn, boolean writable) {
    long writableBit = writable ? PageTableEntry.WRITABLE : 0;
    setEntry(
        linear,
        (long) pfn << Ram.PAGE_SHIFT | PageTableEntry.PRESENT | PageTableEntry.USER | writableBit);
  }

  void unmap(int linear) {
    setEntry(linear, 0);
  }

  private void setEntry(int linear, long entry) {
    long directory = (1L << Ram.PAGE_SHIFT) + 4L * (linear >>> 22);
    if ((ram.getInt(directory) & 1) == 0) {
      ram.putInt(
          directory,
          newFrame() << Ram.PAGE_SHIFT
              | (int) (PageTableEntry.PRESENT | PageTableEntry.USER | PageTableEntry.WRITABLE));
    }
    long table = ram.getInt(directory) & 0xffff_f000L;
    ram.putInt(table + 4L * (linear >>> 12 & 1023), (int) entry);
    mmu.invlpg(linear & 0xffff_ffffL);
  }

  long physical(int linear) {
    return mmu.peek(mmu.cr3(), linear & 0xffff_ffffL);
  }

  /** Puts bytes, given in hexadecimal, at an address, mapping pages where there are none. */
  void poke(int linear, String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    for (int at = 0; at < bytes.length; at++) {
      if (physical(linear + at) < 0) {
        map(linear + at & -Ram.PAGE_SIZE, 1);
      }
      ram.write(physical(linear + at), bytes, at, 1);
    }
  }

  /** Puts a program at {@link #TEXT} and EIP at its start. */
  UserMachine code(String... hex) {
    poke(TEXT, String.join("", hex));
    cpu.setEip(TEXT);
    return this;
  }

  int readInt(int linear) {
    return mmu.readInt(linear & 0xffff_ffffL);
  }

  @Override
  public void close() {
    ram.close();
  }
}
