rem Settings of the service; "gongwen settings" lists them all.
set GONGWEN_ENGINE=embedded:C:\gongwen\data
set GONGWEN_HOST=127.0.0.1
set GONGWEN_PORT=8000
set GONGWEN_TRUSTED_PROXIES=127.0.0.1
set GONGWEN_SYNC_LIMIT=1
set PYTHONUTF8=1
cd /d C:\gongwen
