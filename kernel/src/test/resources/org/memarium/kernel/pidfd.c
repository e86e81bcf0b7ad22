/* Descriptors of processes, and advice by them. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <pthread.h>
#define T(x) do{errno=0; long r=(long)(x); printf("%s = %ld %s\n",#x,r,r==-1?strerror(errno):"");}while(0)
static int tid;static void*th(void*a){tid=syscall(SYS_gettid);sleep(2);return 0;}
int main(){setvbuf(stdout,0,_IONBF,0);
 int p=fork();if(!p){pause();_exit(3);}
 T(syscall(434,0,0));T(syscall(434,-1,0));T(syscall(434,30000,0));T(syscall(434,p,1));
 int fd=syscall(434,p,0);printf("flags %x %x\n",fcntl(fd,F_GETFL),fcntl(fd,F_GETFD));
 char b[64];T(read(fd,b,8));T(write(fd,b,8));T(lseek(fd,0,0));T(pread(fd,b,8,0));
 struct pollfd pf={fd,-1};T(poll(&pf,1,0));printf("rev %x\n",pf.revents);
 char l[64]={0};sprintf(b,"/proc/self/fd/%d",fd);readlink(b,l,60);printf("%s\n",l);
 pthread_t t;pthread_create(&t,0,th,0);usleep(100000);T(syscall(434,tid,0));
 T(syscall(424,fd,0,0,0));T(syscall(424,0,0,0,0));T(syscall(424,99,0,0,0));T(syscall(424,fd,65,0,0));
 T(syscall(438,fd,1,0));T(syscall(438,fd,77,0));T(syscall(438,fd,1,1));T(syscall(438,0,1,0));
 char*a=mmap(0,16384,3,MAP_PRIVATE|MAP_ANON,-1,0);a[0]=1;
 struct iovec v[2]={{a,4096},{a+8192,4096}};
 int me=syscall(434,getpid(),0);
 T(syscall(440,me,v,2,4,0));T(syscall(440,me,v,2,20,0));T(syscall(440,me,v,2,20,1));T(syscall(440,me,v,2,99,0));T(syscall(440,me,v,0,20,0));T(syscall(440,me,v,1025,20,0));T(syscall(440,99,v,2,20,0));T(syscall(440,0,v,2,20,0));
 T(syscall(440,fd,v,2,20,0));T(syscall(440,fd,v,2,4,0));v[1].iov_base=(void*)4096;T(syscall(440,me,v,2,20,0));v[0].iov_base=(void*)4096;T(syscall(440,me,v,2,20,0));T(syscall(440,-10000,v,0,20,0));T(syscall(440,-10000,v,2,20,0));v[0].iov_base=a;T(syscall(440,-20000,v,1,4,0));
 T(syscall(424,fd,SIGUSR1,0,0));poll(&pf,1,-1);printf("rev %x\n",pf.revents);T(syscall(424,fd,0,0,0));T(syscall(440,fd,v,1,20,0));T(syscall(434,p,0));
 siginfo_t si;T(waitid(3,fd,&si,WEXITED));printf("%d %d %d\n",si.si_pid==p,si.si_code,si.si_status);poll(&pf,1,0);printf("rev %x\n",pf.revents);
 T(syscall(424,fd,0,0,0));T(syscall(440,fd,v,1,20,0));T(syscall(438,fd,1,0));T(waitid(3,fd,&si,WEXITED));T(syscall(434,p,0));
 fflush(stdout);
 /* CLONE_PIDFD, and signals to a thread, a process and a group of processes. */
 int own=-7;int c=syscall(SYS_clone,0x1000|SIGCHLD,0,&own,0,0);
 if(!c){setpgid(0,0);struct pollfd none;poll(&none,0,-1);_exit(fcntl(own,F_GETFD));}
 usleep(100000);
 printf("clone %d fd %d flags %x %x\n",c>0,own-fd,fcntl(own,F_GETFL),fcntl(own,F_GETFD));
 struct pollfd of={own,-1};printf("poll %d\n",poll(&of,1,0));
 for(int f=0;f<10;f++){printf("%d ",f);T(syscall(424,own,0,0,f));}
 T(syscall(424,fd,0,0,1));
 T(syscall(424,own,SIGUSR1,0,4));memset(&si,0,sizeof si);T(waitid(3,own,&si,WEXITED));printf("%d %d %d\n",si.si_pid==c,si.si_code,si.si_status);
 T(syscall(424,own,0,0,0));T(syscall(424,own,0,0,4));close(own);
 c=syscall(SYS_clone,0x1000|SIGCHLD,0,&own,0,0);if(!c){poll(0,0,-1);_exit(0);}
 T(syscall(424,own,SIGTERM,0,1));memset(&si,0,sizeof si);T(waitid(3,own,&si,WEXITED));printf("%d %d %d\n",si.si_pid==c,si.si_code,si.si_status);close(own);
 T(syscall(SYS_clone,0x1000|SIGCHLD,0,8,0,0));T(syscall(SYS_clone,0x1000|SIGCHLD,0,0,0,0));
 T(syscall(SYS_clone,0x1000|0x100000|SIGCHLD,0,&own,0,0));T(syscall(SYS_clone,0x1000|0x400000|SIGCHLD,0,&own,0,0));
 int again=syscall(434,getpid(),0);printf("none left %d\n",again==own);
 T(waitpid(-1,0,0));
}
