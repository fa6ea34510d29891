@echo off
rem Installs without the internet:  install.bat [FOLDER]
setlocal
for %%p in (python "py -3.14" "py -3.13" "py -3.12" "py -3.11") do (
  set "python=%%~p"
  %%~p -c "import sys, venv, ensurepip; sys.exit('.'.join(map(str, sys.version_info[:2])) not in sys.argv[1:])" @PYTHONS@ >nul 2>nul && goto install
)
goto none

:install
%python% "%~dp0install.py" %*
set status=%errorlevel%
if "%~1"=="" pause
exit /b %status%

:none
chcp 65001 >nul
echo 没有可用的 Python：需要 @PYTHONS@ 之一，64 位。安装时请勾选 Add python.exe to PATH。
echo No usable Python: one of @PYTHONS@ is needed, 64-bit; tick "Add python.exe to PATH" when installing it.
if "%~1"=="" pause
exit /b 1
