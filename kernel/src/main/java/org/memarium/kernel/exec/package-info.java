/**
 * {@code execve}: Linux's {@code fs/exec.c}, {@code fs/binfmt_elf.c} and {@code
 * fs/binfmt_script.c}.
 *
 * <pre>
 *   Execve        open the file, follow #!, replace the image
 *     ElfFile     headers, checked as the kernel checks them
 *     ElfLoader   segments into areas; the interpreter; where brk begins
 *     Vdso        the page of code that the kernel gives each program
 *     StackImage  strings, argv, envp and the auxiliary vector below the top of the stack
 * </pre>
 */
@NullMarked
package org.memarium.kernel.exec;

import org.jspecify.annotations.NullMarked;
