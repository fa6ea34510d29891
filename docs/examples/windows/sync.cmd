@echo off
rem Run by the task gongwen-sync. A log above 10 MB is begun anew.
call "%~dp0settings.cmd"
for %%F in (sync.log) do if %%~zF gtr 10000000 move /y sync.log sync.old.log >nul
C:\gongwen\app\.venv\Scripts\gongwen.exe sync portal.yaml >> sync.log 2>&1
