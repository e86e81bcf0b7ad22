package org.memarium.kernel.syscall;

/**
 * What a number of the i386 table stands for here.
 *
 * @param number in the table
 * @param name as in Linux's table, or {@code syscall_0xNNN} where Linux has none
 * @param status how much of it is there
 * @param errno the error that every call of it is answered with; 0 if it is there
 * @param remark what is missing, why it is refused, or what is worth knowing; may be empty
 */
public record SystemCallDescription(
    int number, String name, SystemCallStatus status, int errno, String remark) {}
