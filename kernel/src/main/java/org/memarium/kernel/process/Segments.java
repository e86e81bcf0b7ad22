package org.memarium.kernel.process;

import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.SegmentDescriptor;

/**
 * The GDT as Linux numbers it ({@code arch/x86/include/asm/segment.h}).
 *
 * <pre>
 *            32-bit kernel                       64-bit kernel
 *    6 to 8  TLS: 0x33, 0x3b, 0x43         1     kernel code, 32 bits
 *   12       kernel code: 0x60             2     kernel code, 64 bits: 0x10
 *   13       kernel data: 0x68             3     kernel data: 0x18
 *   14       user code: 0x73               4     user code, 32 bits: 0x23
 *   15       user data: 0x7b               5     user data: 0x2b
 *                                          6     user code, 64 bits: 0x33
 *                                   12 to 14     TLS: 0x63, 0x6b, 0x73
 *                                         15     number of the processor, as a limit: 0x7b
 * </pre>
 *
 * <p>The kernel's own code of 64 bits is left out: nobody can tell. The user's may be asked for and
 * read through; the processor refuses to run it.
 *
 * @param entries of the table
 * @param kernelCode index of the kernel's code
 * @param kernelData index of the kernel's data
 * @param userCode selector of the user's code
 * @param userData selector of the user's data and stack
 * @param firstTls index of the first TLS slot
 * @param userCode64 selector of the user's code of 64 bits; 0: none
 * @param cpuNumber selector of the segment with the processor's number; 0: none
 */
public record Segments(
    int entries,
    int kernelCode,
    int kernelData,
    int userCode,
    int userData,
    int firstTls,
    int userCode64,
    int cpuNumber) {
  /** A 32-bit kernel. */
  public static final Segments I386 = new Segments(32, 12, 13, 0x73, 0x7b, 6, 0, 0);

  /** A 64-bit kernel. */
  public static final Segments X86_64 = new Segments(16, 1, 3, 0x23, 0x2b, 12, 0x33, 0x7b);

  /** Those of a kernel with words of 4 or 8 bytes. */
  public static Segments of(int wordBytes) {
    return wordBytes == 4 ? I386 : X86_64;
  }

  /** Writes the flat segments into a table of zeroes. */
  public void fill(DescriptorTable gdt) {
    gdt.set(kernelCode, SegmentDescriptor.flat(true, 0));
    gdt.set(kernelData, SegmentDescriptor.flat(false, 0));
    gdt.set(userCode >>> 3, SegmentDescriptor.flat(true, 3));
    gdt.set(userData >>> 3, SegmentDescriptor.flat(false, 3));
    if (userCode64 != 0) {
      gdt.set(userCode64 >>> 3, SegmentDescriptor.flatUser64());
    }
    if (cpuNumber != 0) {
      // The only processor has number 0.
      gdt.set(cpuNumber >>> 3, SegmentDescriptor.limitOnly(0));
    }
  }
}
