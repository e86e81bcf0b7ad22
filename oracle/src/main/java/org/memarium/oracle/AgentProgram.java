package org.memarium.oracle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import org.memarium.hardware.Ram;

/**
 * The program that runs on both sides: a static 32-bit ELF file of 4 KiB, written here byte by
 * byte.
 *
 * <p>On the host it runs natively, and is the agent: it serves its slot of the {@link Mailbox},
 * makes every system call that it finds there, and reads and writes its memory; a signal for a bad
 * access is a result like others. Here a {@link org.memarium.kernel.JavaProgram} stands at its last
 * two instructions, and nothing else of it is executed. So both have the same address space.
 *
 * <pre>
 *   07000000  the mailbox: shared with the oracle, 16 slots of 16 KiB
 *   08048000  headers and code
 *   08049000  what the agent remembers (slot, command, commands left, a timeout, getrusage), names,
 *             and structures that are not compared
 *   0804a000  its stack, 16 KiB: also for signal frames
 *   0804e000  {@link #SCRATCH}, 16 KiB: arguments and buffers of calls
 *   08052000  {@link #END}: the heap begins
 * </pre>
 *
 * <p>The agent keeps out of the way of what is compared: the vdso is unmapped, as its pages are the
 * kernel's own; all its pages are there from the beginning, and again after each fork; its stack is
 * not the area {@code [stack]}; huge pages are off; it has no arguments to show, so that a {@code
 * ps} of somebody else brings no page in. It ends by itself when nobody has asked it anything for
 * ten minutes.
 */
final class AgentProgram {
  /** Where the mailbox is mapped. */
  static final int MAILBOX = 0x0700_0000;

  /** The first page of code. */
  static final int TEXT = 0x0804_8000;

  /** The first page of data. */
  static final int DATA = 0x0804_9000;

  /** Where a position in a file is kept for calls that the agent makes on its own. */
  static final int POSITION = DATA + 0x200;

  /** Where the name of a file of /proc is put: each side writes its own process number. */
  static final int PROC_NAME = DATA + 0x400;

  /** Where calls write what nobody compares; see also {@link Report}. */
  static final int DISCARDED = DATA + 0xc00;

  /** How much fits there. */
  static final int DISCARDED_BYTES = 0x400;

  /** Memory for what calls point to. */
  static final int SCRATCH = 0x0804_e000;

  /** The first address behind the program. */
  static final int END = 0x0805_2000;

  /** From here on lie the vdso and its data, and nothing else: the agent takes them away. */
  static final int VDSO_FROM = 0xf000_0000;

  /** How much there is taken away: nearly up to the stack. */
  static final int VDSO_BYTES = 0x0ff0_0000;

  /** {@code again: int $0x80; jmp again}. */
  static final int LOOP = 0x0804_8363;

  private static final int ENTRY = 0x0804_80b4;
  private static final int PROGRAM_HEADER_BYTES = 32;
  private static final int PT_LOAD = 1;
  private static final int PT_GNU_STACK = 0x6474_e551;
  private static final int R = 4;
  private static final int W = 2;
  private static final int X = 1;

  // 0xb4: with the address space not randomised, become yourself again; argv[1] is the mailbox.
  private static final String CODE =
      """
                                    # _start:
      b8 88 00 00 00                #   mov $personality,%eax
      bb ff ff ff ff                #   mov $0xffffffff,%ebx
      cd 80                         #   int $0x80
      a9 00 00 04 00                #   test $ADDR_NO_RANDOMIZE,%eax
      75 27                         #   jne ready
      89 c3                         #   mov %eax,%ebx
      81 cb 00 00 04 00             #   or $ADDR_NO_RANDOMIZE,%ebx
      b8 88 00 00 00                #   mov $personality,%eax
      cd 80                         #   int $0x80
      b8 0b 00 00 00                #   mov $execve,%eax
      8b 5c 24 04                   #   mov 0x4(%esp),%ebx
      8d 4c 24 04                   #   lea 0x4(%esp),%ecx
      8b 14 24                      #   mov (%esp),%edx
      8d 54 94 08                   #   lea 0x8(%esp,%edx,4),%edx
      cd 80                         #   int $0x80
      0f 0b                         #   ud2
                                    # ready:
      b8 ac 00 00 00                #   mov $prctl,%eax
      bb 23 00 00 00                #   mov $PR_SET_MM,%ebx
      b9 09 00 00 00                #   mov $PR_SET_MM_ARG_END,%ecx
      8b 54 24 04                   #   mov 0x4(%esp),%edx
      31 f6                         #   xor %esi,%esi
      31 ff                         #   xor %edi,%edi
      cd 80                         #   int $0x80
      b8 05 00 00 00                #   mov $open,%eax
      8b 5c 24 08                   #   mov 0x8(%esp),%ebx
      b9 02 00 00 00                #   mov $0x2,%ecx
      31 d2                         #   xor %edx,%edx
      cd 80                         #   int $0x80
      89 e3                         #   mov %esp,%ebx
      81 e3 00 f0 ff ff             #   and $0xfffff000,%ebx
      bc 00 e0 04 08                #   mov $stack,%esp
      53                            #   push %ebx
      50                            #   push %eax
      89 c7                         #   mov %eax,%edi
      b8 c0 00 00 00                #   mov $mmap2,%eax
      bb 00 00 00 07                #   mov $mailbox,%ebx
      b9 00 00 04 00                #   mov $0x40000,%ecx
      ba 03 00 00 00                #   mov $0x3,%edx
      be 11 00 00 00                #   mov $MAP_SHARED|MAP_FIXED,%esi
      31 ed                         #   xor %ebp,%ebp
      cd 80                         #   int $0x80
      b8 06 00 00 00                #   mov $close,%eax
      5b                            #   pop %ebx
      cd 80                         #   int $0x80
      b8 ac 00 00 00                #   mov $prctl,%eax
      bb 29 00 00 00                #   mov $PR_SET_THP_DISABLE,%ebx
      b9 01 00 00 00                #   mov $0x1,%ecx
      31 d2                         #   xor %edx,%edx
      31 f6                         #   xor %esi,%esi
      31 ff                         #   xor %edi,%edi
      cd 80                         #   int $0x80
      b8 5b 00 00 00                #   mov $munmap,%eax
      bb 00 00 00 f0                #   mov $below the vdso,%ebx
      b9 00 00 f0 0f                #   mov $up to the stack,%ecx
      cd 80                         #   int $0x80
      b8 36 01 00 00                #   mov $unshare,%eax
      bb 00 00 00 08                #   mov $CLONE_NEWIPC,%ebx
      cd 80                         #   int $0x80
      c7 05 20 90 04 08 0e 83 04 08 #   movl $handler,action
      c7 05 24 90 04 08 04 00 00 40 #   movl $SA_NODEFER|SA_SIGINFO,action+4
      b8 ae 00 00 00                #   mov $rt_sigaction,%eax
      bb 0b 00 00 00                #   mov $SIGSEGV,%ebx
      b9 20 90 04 08                #   mov $action,%ecx
      31 d2                         #   xor %edx,%edx
      be 08 00 00 00                #   mov $0x8,%esi
      cd 80                         #   int $0x80
      b8 ae 00 00 00                #   mov $rt_sigaction,%eax
      bb 07 00 00 00                #   mov $SIGBUS,%ebx
      cd 80                         #   int $0x80
      c7 05 20 90 04 08 01 00 00 00 #   movl $SIG_IGN,action
      b8 ae 00 00 00                #   mov $rt_sigaction,%eax
      bb 19 00 00 00                #   mov $SIGXFSZ,%ebx
      cd 80                         #   int $0x80
      5f                            #   pop %edi
      b9 00 04 00 00                #   mov $0x400,%ecx
      31 c0                         #   xor %eax,%eax
      f3 ab                         #   rep stos %eax,%es:(%edi)
      c7 05 10 90 04 08 58 02 00 00 #   movl $0x258,timeout
      e8 48 01 00 00                #   call touch
      c7 05 00 90 04 08 00 00 00 07 #   movl $mailbox,slot
                                    # serve:
      8b 1d 00 90 04 08             #   mov slot,%ebx
                                    # wait:
      8b 03                         #   mov (%ebx),%eax
      3b 43 04                      #   cmp 0x4(%ebx),%eax
      75 21                         #   jne work
      89 c2                         #   mov %eax,%edx
      b8 f0 00 00 00                #   mov $futex,%eax
      31 c9                         #   xor %ecx,%ecx
      be 10 90 04 08                #   mov $timeout,%esi
      cd 80                         #   int $0x80
      83 f8 92                      #   cmp $-ETIMEDOUT,%eax
      75 e4                         #   jne wait
      b8 fc 00 00 00                #   mov $exit_group,%eax
      bb 03 00 00 00                #   mov $0x3,%ebx
      cd 80                         #   int $0x80
                                    # work:
      8b 43 08                      #   mov 0x8(%ebx),%eax
      a3 08 90 04 08                #   mov %eax,left
      8d 43 40                      #   lea 0x40(%ebx),%eax
      a3 04 90 04 08                #   mov %eax,command
                                    # next:
      83 3d 08 90 04 08 00          #   cmpl $0x0,left
      0f 84 ac 00 00 00             #   je finished
      8b 3d 04 90 04 08             #   mov command,%edi
      8b 07                         #   mov (%edi),%eax
      8b 5f 04                      #   mov 0x4(%edi),%ebx
      83 f8 01                      #   cmp $0x1,%eax
      72 12                         #   jb call
      74 28                         #   je read1
      83 f8 03                      #   cmp $0x3,%eax
      72 28                         #   jb read4
      74 2a                         #   je write1
      83 f8 05                      #   cmp $0x5,%eax
      72 2c                         #   jb write4
      74 31                         #   je fork
      0f 0b                         #   ud2
                                    # call:
      89 d8                         #   mov %ebx,%eax
      8b 5f 08                      #   mov 0x8(%edi),%ebx
      8b 4f 0c                      #   mov 0xc(%edi),%ecx
      8b 57 10                      #   mov 0x10(%edi),%edx
      8b 77 14                      #   mov 0x14(%edi),%esi
      8b 6f 1c                      #   mov 0x1c(%edi),%ebp
      8b 7f 18                      #   mov 0x18(%edi),%edi
      cd 80                         #   int $0x80
      eb 35                         #   jmp store
                                    # read1:
      0f b6 03                      #   movzbl (%ebx),%eax
      eb 30                         #   jmp store
                                    # read4:
      8b 03                         #   mov (%ebx),%eax
      eb 2c                         #   jmp store
                                    # write1:
      8b 47 08                      #   mov 0x8(%edi),%eax
      88 03                         #   mov %al,(%ebx)
      eb 25                         #   jmp store
                                    # write4:
      8b 47 08                      #   mov 0x8(%edi),%eax
      89 03                         #   mov %eax,(%ebx)
      eb 1e                         #   jmp store
                                    # fork:
      8b 77 08                      #   mov 0x8(%edi),%esi
      b8 02 00 00 00                #   mov $fork,%eax
      cd 80                         #   int $0x80
      e8 93 00 00 00                #   call touch
      85 c0                         #   test %eax,%eax
      75 0b                         #   jne store
      89 35 00 90 04 08             #   mov %esi,slot
      e9 46 ff ff ff                #   jmp serve
                                    # store:
      8b 3d 04 90 04 08             #   mov command,%edi
      89 47 20                      #   mov %eax,0x20(%edi)
                                    # after:
      b8 4d 00 00 00                #   mov $getrusage,%eax
      31 db                         #   xor %ebx,%ebx
      b9 00 91 04 08                #   mov $usage,%ecx
      cd 80                         #   int $0x80
      8b 3d 04 90 04 08             #   mov command,%edi
      a1 20 91 04 08                #   mov usage+32,%eax
      03 05 24 91 04 08             #   add usage+36,%eax
      89 47 30                      #   mov %eax,0x30(%edi)
      83 05 04 90 04 08 40          #   addl $0x40,command
      ff 0d 08 90 04 08             #   decl left
      e9 47 ff ff ff                #   jmp next
                                    # finished:
      8b 1d 00 90 04 08             #   mov slot,%ebx
      8b 03                         #   mov (%ebx),%eax
      83 c3 04                      #   add $0x4,%ebx
      89 03                         #   mov %eax,(%ebx)
      b8 f0 00 00 00                #   mov $futex,%eax
      b9 01 00 00 00                #   mov $0x1,%ecx
      ba 01 00 00 00                #   mov $0x1,%edx
      cd 80                         #   int $0x80
      e9 e6 fe ff ff                #   jmp serve
                                    # handler:
      8b 44 24 04                   #   mov 0x4(%esp),%eax
      8b 4c 24 08                   #   mov 0x8(%esp),%ecx
      8b 3d 04 90 04 08             #   mov command,%edi
      89 47 24                      #   mov %eax,0x24(%edi)
      8b 41 08                      #   mov 0x8(%ecx),%eax
      89 47 28                      #   mov %eax,0x28(%edi)
      8b 41 0c                      #   mov 0xc(%ecx),%eax
      89 47 2c                      #   mov %eax,0x2c(%edi)
      bc 00 e0 04 08                #   mov $stack,%esp
      eb 85                         #   jmp after
                                    # touch:
      b9 00 00 00 07                #   mov $mailbox,%ecx
      83 89 fc 0f 00 00 00          #   orl $0x0,0xffc(%ecx)
      81 c1 00 10 00 00             #   add $0x1000,%ecx
      81 f9 00 00 04 07             #   cmp $mailboxEnd,%ecx
      72 eb                         #   jb 1b
      b9 00 90 04 08                #   mov $slot,%ecx
      83 09 00                      #   orl $0x0,(%ecx)
      81 c1 00 10 00 00             #   add $0x1000,%ecx
      81 f9 00 20 05 08             #   cmp $end,%ecx
      72 ef                         #   jb 2b
      c3                            #   ret
                                    # loop:
      cd 80                         #   int $0x80
      eb fc                         #   jmp loop
      """;

  private AgentProgram() {}

  /** The file. */
  static byte[] elf() {
    ByteBuffer elf = ByteBuffer.allocate(Ram.PAGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(0, new byte[] {0x7f, 'E', 'L', 'F', 1, 1, 1});
    elf.putShort(16, (short) 2).putShort(18, (short) 3).putInt(20, 1);
    elf.putInt(24, ENTRY).putInt(28, 52);
    elf.putShort(40, (short) 52).putShort(42, (short) PROGRAM_HEADER_BYTES);
    int[][] headers = {
      {PT_LOAD, 0, TEXT, TEXT, Ram.PAGE_SIZE, Ram.PAGE_SIZE, R | X, Ram.PAGE_SIZE},
      {PT_LOAD, 0, DATA, DATA, 0, END - DATA, R | W, Ram.PAGE_SIZE},
      {PT_GNU_STACK, 0, 0, 0, 0, 0, R | W, 16}
    };
    elf.putShort(44, (short) headers.length);
    for (int i = 0; i < headers.length; i++) {
      for (int word = 0; word < headers[i].length; word++) {
        elf.putInt(52 + PROGRAM_HEADER_BYTES * i + 4 * word, headers[i][word]);
      }
    }
    elf.put(ENTRY - TEXT, code());
    return elf.array();
  }

  /** Writes the file into a folder, so that it can be executed. */
  static Path write(Path folder, String name) throws IOException {
    Path file = folder.resolve(name);
    Files.write(file, elf());
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  private static byte[] code() {
    StringBuilder hex = new StringBuilder();
    CODE.lines().forEach(line -> hex.append(line, 0, line.indexOf('#')));
    return HexFormat.of().parseHex(hex.toString().replace(" ", ""));
  }
}
