@echo off
rem Run by the task gongwen-serve. The log of the run before is kept.
call "%~dp0settings.cmd"
if exist serve.log move /y serve.log serve.old.log >nul
C:\gongwen\app\.venv\Scripts\gongwen.exe serve >> serve.log 2>&1
